//! What a call asks for.

use hyper::Method;
use serde_json::{Value, json};

use super::protobuf;
use super::status::Failure;
use super::target::Target;

/// A call for objects, taken apart.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    pub(crate) content_type: &'a str,
    pub(crate) target: &'a Target,
    pub(crate) query: &'a [(String, String)],
    pub(crate) body: &'a [u8],
}

/// The parameters that the double honours, or that change nothing here.
const KNOWN: &[&str] = &[
    "allowWatchBookmarks",
    "dryRun",
    "fieldManager",
    "fieldSelector",
    "fieldValidation",
    "force",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "timeoutSeconds",
    "watch",
];

impl Call<'_> {
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn is_dry(&self) -> bool {
        self.parameter("dryRun") == "All"
    }

    /// Who is to manage the fields that it writes.
    pub(crate) fn manager(&self) -> &str {
        Some(self.parameter("fieldManager")).filter(|name| !name.is_empty()).unwrap_or("unknown")
    }

    pub(crate) fn namespace(&self) -> &str {
        self.target.namespace.as_deref().unwrap_or_default()
    }

    /// Whether the double knows all that it asks for.
    pub(crate) fn is_known(&self) -> bool {
        self.query.iter().all(|(key, _)| KNOWN.contains(&key.as_str())) && self.target.subresource.is_none()
    }

    /// The body, which is to be an object of the target's kind, with the namespace of the path.
    ///
    /// # Errors
    /// When it is something else.
    pub(crate) fn object(&self) -> Result<Value, Failure> {
        let resource = self.target.resource;
        let mut object =
            if self.content_type == protobuf::MEDIA_TYPE { protobuf::read(self.body)? } else { self.json()? };
        let (version, kind) = (resource.api_version(), resource.kind);
        if object["apiVersion"] != version.as_str() || object["kind"] != kind {
            let got = format!("{} {}", object["apiVersion"], object["kind"]);
            return Err(Failure::bad_request(format!("the body is a {got}, and should be a {version} {kind}")));
        }
        let metadata = &mut object["metadata"];
        if resource.namespaced && metadata["namespace"].is_null() {
            metadata["namespace"] = json!(self.namespace());
        }
        if resource.namespaced && metadata["namespace"] != self.namespace() {
            let message = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Failure::bad_request(message));
        }
        Ok(object)
    }

    /// The body as JSON, which kubectl sends even where YAML would be understood.
    ///
    /// # Errors
    /// When it is not JSON.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        let error =
            |error| Failure::bad_request(format!("the body is not JSON, which alone this double reads: {error}"));
        serde_json::from_slice(self.body).map_err(error)
    }
}
