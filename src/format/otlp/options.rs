//! The options that only this format has.

use crate::json::options::options;

options! {
    /// What requests say beside their records.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct OtlpConfig() {
        /// attributes of the resource, beside those that the node's metadata gives (`service.name`, `service.instance.id`, `k8s.*`), which they replace
        resource: Vec<(String, String)> = attributes("resource"),
    }
}
