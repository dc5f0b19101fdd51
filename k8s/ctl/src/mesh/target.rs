//! Which Gateway, or what of one, a patch is for.

use crate::overlay::prefix;
use clap::Args;

/// What is patched.
#[derive(Args, Clone, Debug, Default)]
#[group(id = "target")]
pub(crate) struct Target {
    /// With --mesh envoy-gateway, or with --delivery image and --traffic gateway or waypoint: the Gateway, which is in the overlay's
    /// namespace.
    #[arg(long, value_name = "NAME", value_parser = prefix)]
    pub(super) gateway: Option<String>,
    /// With --mesh envoy-gateway: the GatewayClass, where its Gateways are merged into one Envoy. With --traffic waypoint: that of all
    /// waypoints (istio-waypoint), in Istio's own namespace.
    #[arg(long, value_name = "NAME", value_parser = prefix, conflicts_with_all = ["gateway", "listener"])]
    pub(super) gateway_class: Option<String>,
    /// With --traffic waypoint: only what goes to this Service, through the waypoint that --gateway names.
    #[arg(long, value_name = "NAME", value_parser = prefix, requires = "gateway")]
    pub(super) service: Option<String>,
    /// With --mesh envoy-gateway: the Gateway's listener [default: http].
    #[arg(long, value_name = "NAME", value_parser = prefix)]
    pub(super) listener: Option<String>,
    /// With --mesh envoy-gateway: what Envoy itself calls the listener: tcp-80 with XDSNameSchemeV2, Envoy Gateway's way from 1.10 on;
    /// else NAMESPACE/GATEWAY/LISTENER.
    #[arg(long, value_name = "NAME", value_parser = listener, conflicts_with = "listener")]
    pub(super) xds_listener: Option<String>,
}

/// Any name but none.
fn listener(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err("takes a name such as tcp-80, without spaces".to_owned());
    }
    Ok(text.to_owned())
}

impl Target {
    /// The options that were given.
    pub(crate) fn given(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("--gateway", &self.gateway),
            ("--gateway-class", &self.gateway_class),
            ("--service", &self.service),
            ("--listener", &self.listener),
            ("--xds-listener", &self.xds_listener),
        ];
        all.into_iter().filter_map(|(name, value)| value.as_ref().map(|_| name))
    }
}
