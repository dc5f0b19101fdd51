//! What a request's path and query name.

use super::resources::{RESOURCES, Resource};

/// A resource, or one object of it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) resource: &'static Resource,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
}

impl Target {
    /// Reads `/api/v1/namespaces/shop/pods/web/exec` and the like.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let mut parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let group = match *parts.first()? {
            "api" => "",
            "apis" if parts.len() > 1 => parts.remove(1),
            _ => return None,
        };
        let version = *parts.get(1)?;
        let mut rest = parts.get(2..)?;
        let mut namespace = None;
        // a namespace is an object too: /namespaces/shop names it, /namespaces/shop/pods what is in it
        if let ["namespaces", name, further @ ..] = rest {
            if !further.is_empty() {
                (namespace, rest) = (Some((*name).to_owned()), further);
            }
        }
        let plural = *rest.first()?;
        let resource = RESOURCES
            .iter()
            .find(|known| known.plural == plural && known.group == group && known.version == version)?;
        let part = |index: usize| rest.get(index).map(|part| (*part).to_owned());
        (rest.len() <= 3).then(|| Self { resource, namespace, name: part(1), subresource: part(2) })
    }
}

/// The query's parameters, decoded.
pub(crate) fn query(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_an_object() {
        let target = Target::parse("/api/v1/namespaces/shop/pods/web-1/exec").expect("known");
        assert_eq!((target.resource.kind, target.namespace.as_deref()), ("Pod", Some("shop")));
        assert_eq!((target.name.as_deref(), target.subresource.as_deref()), (Some("web-1"), Some("exec")));
        let target = Target::parse("/api/v1/namespaces/shop").expect("known");
        assert_eq!((target.resource.kind, target.namespace, target.name.as_deref()), ("Namespace", None, Some("shop")));
        assert!(Target::parse("/apis/batch/v1/namespaces/shop/jobs").is_none());
    }

    #[test]
    fn a_query_is_decoded() {
        let pairs = query("labelSelector=a%2Fb%3Dc&command=GET&x");
        assert_eq!(pairs[0], ("labelSelector".to_owned(), "a/b=c".to_owned()));
        assert_eq!(pairs[2], ("x".to_owned(), String::new()));
    }
}
