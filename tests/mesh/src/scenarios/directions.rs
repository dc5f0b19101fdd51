//! What workloads receive, and the wasm inside the EnvoyFilter.

use std::io;

use super::outbound::there_and_back;
use crate::mesh::Mesh;

/// What `pay` receives.
pub(super) fn inbound(mesh: &Mesh) -> io::Result<()> {
    there_and_back(mesh, "pay", "--traffic inbound", || mesh.route())
}

/// No ConfigMap, no mount.
pub(super) fn inline(mesh: &Mesh) -> io::Result<()> {
    there_and_back(mesh, "shop", "--delivery inline", || mesh.route())
}
