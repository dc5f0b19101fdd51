//! What one object may weigh.

use serde_json::Value;

/// kubectl's client-side apply keeps a copy of each object in this annotation …
const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// … and all annotations of an object together may have this many bytes:
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/>.
const MOST: usize = 262_144;

/// Whether kubectl can apply these objects. `configuration`: how many bytes of each are the filter's configuration.
///
/// # Errors
/// Names the one that is too large.
pub(super) fn check(objects: &[Value], configuration: usize) -> Result<(), String> {
    for object in objects {
        let bytes = applied(object);
        if bytes > MOST {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            return Err(format!(
                "{} {}: got {bytes} bytes, takes at most {MOST}, which is what kubectl apply can keep of an object: {configuration} bytes \
                 are the configuration, make it smaller",
                text(&object["kind"]),
                text(&object["metadata"]["name"]),
            ));
        }
    }
    Ok(())
}

/// Name and value of the annotation: JSON as Go writes it, with an empty list of annotations and a line break.
fn applied(object: &Value) -> usize {
    let json = object.to_string();
    let escaped = json.bytes().filter(|byte| b"<>&".contains(byte)).count() * (r"\u003c".len() - 1);
    ANNOTATION.len() + json.len() + escaped + r#""annotations":{},"#.len() + "\n".len()
}
