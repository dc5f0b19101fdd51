//! What is deployed, by the real kubectl, to a real API server.
//!
//! `KUBECTL` names the kubectl, `ETCD`, `KUBE_APISERVER` and `KUBE_CONTROLLER_MANAGER` the cluster, `HTTP_TRACE_CTL` the commands,
//! `HTTP_TRACE_PUSH_COLLECTOR` what writes the collector's, `HTTP_TRACE_FILTER_WASM` the filter, `ENVOY` the Envoy, `README` the README, `K8S` a copy of the repository's directory
//! `k8s`.

mod alarms;
mod applying;
mod commands;
mod components;
mod deploy;
mod doctor;
mod gateways;
mod images;
mod interrupted;
mod kubectl;
mod mount;
mod node;
mod notes;
mod ownership;
mod policy;
mod reach;
mod readme;
mod rights;
mod stuck;
mod switching;
mod writers;
