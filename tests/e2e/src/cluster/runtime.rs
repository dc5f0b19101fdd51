//! What runs the containers of pods, where they are to run: the kubelet's stand-in asks it.

use std::net::IpAddr;

use serde_json::Value;

/// How far a pod is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Its address, which the API server is told at once, as by a kubelet.
    pub address: IpAddr,
    /// Whether all its containers answer.
    pub ready: bool,
}

/// Runs pods.
pub trait Runtime: Send + Sync {
    /// Starts a pod that was not started yet, and tells how far it is. Returns at once, and is called until the pod is ready.
    fn start(&self, pod: &Value) -> Progress;

    /// Ends a pod.
    fn stop(&self, pod: &Value);
}
