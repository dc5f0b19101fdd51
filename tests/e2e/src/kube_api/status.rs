//! Answers: an object, or why not.

use bytes::Bytes;
use http_body_util::{Channel, Either, Full};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::resources::Resource;

/// An answer whose body is whole, or, of a watch, sent bit by bit.
pub(crate) type Answer = Response<Either<Full<Bytes>, Channel<Bytes>>>;

/// Why a call was not done; kubectl prints its message or makes one of its details.
#[derive(Debug, PartialEq)]
pub(crate) struct Failure {
    code: StatusCode,
    reason: &'static str,
    message: String,
    details: Value,
}

/// One thing that is wrong with an object.
#[derive(Debug, PartialEq)]
pub(crate) struct Cause {
    pub(crate) reason: &'static str,
    pub(crate) field: String,
    pub(crate) message: String,
}

/// An object as JSON.
pub(crate) fn answer(status: StatusCode, body: &Value) -> Answer {
    let mut response = Response::new(Either::Left(Full::new(Bytes::from(body.to_string()))));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Something that is no JSON.
pub(crate) fn bytes(media_type: &'static str, body: &'static [u8]) -> Answer {
    let mut response = Response::new(Either::Left(Full::new(Bytes::from_static(body))));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

impl Failure {
    fn new(code: StatusCode, reason: &'static str, message: String) -> Self {
        Self { code, reason, message, details: json!({}) }
    }

    fn of(mut self, resource: &Resource, name: &str, causes: &[Cause]) -> Self {
        let one = |cause: &Cause| json!({ "reason": cause.reason, "message": cause.message, "field": cause.field });
        let causes: Vec<Value> = causes.iter().map(one).collect();
        self.details = json!({ "name": name, "group": resource.group, "kind": resource.plural, "causes": causes });
        self
    }

    pub(crate) fn not_found(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.qualified());
        Self::new(StatusCode::NOT_FOUND, "NotFound", message).of(resource, name, &[])
    }

    pub(crate) fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Self::new(StatusCode::CONFLICT, "AlreadyExists", message).of(resource, name, &[])
    }

    /// Somebody else was faster.
    pub(crate) fn conflict(resource: &Resource, name: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; please apply your \
             changes to the latest version and try again",
            resource.qualified()
        );
        Self::new(StatusCode::CONFLICT, "Conflict", message).of(resource, name, &[])
    }

    /// A server-side apply would take fields that others manage.
    pub(crate) fn managed_by_others(resource: &Resource, name: &str, causes: &[Cause]) -> Self {
        let named = causes.iter().map(|cause| format!("{}: {}", cause.message, cause.field));
        let plural = if causes.len() == 1 { "" } else { "s" };
        let list = named.collect::<Vec<_>>().join("\n");
        let message = format!("Apply failed with {} conflict{plural}: {list}", causes.len());
        Self::new(StatusCode::CONFLICT, "Conflict", message).of(resource, name, causes)
    }

    pub(crate) fn invalid(resource: &Resource, name: &str, causes: &[Cause]) -> Self {
        let kind = if resource.group.is_empty() { String::new() } else { format!(".{}", resource.group) };
        let listed: Vec<String> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let message = format!("{}{kind} \"{name}\" is invalid: {}", resource.kind, listed.join(", "));
        let mut failure = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message).of(resource, name, causes);
        failure.details["kind"] = json!(resource.kind);
        failure
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message.into())
    }

    pub(crate) fn unsupported_media_type(got: &str, right: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {right}; got {got:?}"
        );
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
    }

    /// The double has nothing at this path.
    pub(crate) fn unknown(call: &str) -> Self {
        let message = format!("the double of the API server does not know {call}");
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": failure.message,
            "reason": failure.reason, "details": failure.details, "code": failure.code.as_u16(),
        });
        answer(failure.code, &status)
    }
}
