//! One Envoy, and a filter that traps when a request says so.

use std::sync::Arc;

use http_trace_e2e::case::{Case, Exchange};
use http_trace_e2e::client::Protocol::{self, H1, H2};
use http_trace_e2e::message::Message;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::rig::{Given, unused_id};
use http_trace_e2e::stage::{Stage, TRAPPED};
use http_trace_e2e::wait;
use tokio::sync::Barrier;

/// A configuration that is as good as the first.
const OTHER: &str = r#"{"batch":{"linger_ms":51}}"#;

/// The header that makes a callback trap.
const FAULT: &str = "x-http-trace-filter-fault";

pub(crate) struct Scene(pub(crate) Stage);

/// An exchange with a body each way, of which there need be no record.
pub(crate) fn case(protocol: Protocol) -> Case {
    let mut request = Request::post("/orders", "an order");
    request.id = unused_id();
    Case::new(protocol.name(), protocol, request, Reply::echo())
}

impl Scene {
    pub(crate) async fn start(change: impl FnOnce(&mut Given)) -> Self {
        let scene = Self(Stage::serving(None, |_| Reply::echo(), change).await);
        for protocol in [H1, H2] {
            scene.recorded(protocol).await;
        }
        scene
    }

    /// An exchange passes, and there is a record of it.
    pub(crate) async fn recorded(&self, protocol: Protocol) {
        let (exchange, _) = self.0.check(Case::new("recorded", protocol, Request::post("/", "a"), Reply::echo())).await;
        assert_eq!(exchange.answer.status(), 200);
    }

    /// An exchange that meets the trap, and once the VM is dead, its answer.
    pub(crate) async fn trap(&self, fault: &str) -> Message {
        let mut case = case(H1);
        case.request = case.request.header(FAULT, fault);
        let exchange = self.pass(&case).await;
        if fault == "done" {
            // Envoy asks the root context when its configuration changes.
            self.0.reconfigure(OTHER).await.expect("a configuration");
        }
        let failed = || self.0.envoy.log().contains(TRAPPED).then_some(());
        wait::until(format!("{fault}: the VM to trap"), failed).await;
        exchange.answer
    }

    /// Sends it through the filter.
    pub(crate) async fn pass(&self, case: &Case) -> Exchange {
        let exchange = self.0.exchange(case, self.0.envoy.filtered()).await;
        exchange.unwrap_or_else(|error| panic!("{}: {error}", case.name))
    }

    /// What becomes of two exchanges that are in flight when a third meets a trap, and of the third.
    pub(crate) async fn trap_in_flight(&self, fault: &str) -> [Message; 3] {
        let barrier = Arc::new(Barrier::new(3));
        let flights = [H1, H2].map(|protocol| {
            let mut case = case(protocol);
            case.reply.barrier = Some(Arc::clone(&barrier));
            case
        });
        let trap = async {
            for case in &flights {
                wait::until("the upstream to be asked", || self.0.upstream.seen(&case.request.id)).await;
            }
            let met = self.trap(fault).await;
            barrier.wait().await;
            met
        };
        let (first, second, met) = tokio::join!(self.pass(&flights[0]), self.pass(&flights[1]), trap);
        [met, first.answer, second.answer]
    }

    /// Two exchanges are in flight while a third meets the trap: all three go as without the filter, and so do those after
    /// them. None of them is recorded, until the filter has another configuration: Envoy makes a new VM for it.
    pub(crate) async fn stands(self, fault: &str) {
        for answer in self.trap_in_flight(fault).await {
            assert_eq!((answer.status(), &answer.body[..]), (200, &b"an order"[..]), "{fault}");
        }
        let streams = self.0.metric("streams");
        self.goes_on(fault).await;
        assert_eq!(self.0.metric("streams"), streams, "{fault}: streams that a dead filter saw");
        self.comes_back(fault).await;
    }

    /// As without the filter.
    pub(crate) async fn goes_on(&self, fault: &str) {
        for protocol in [H1, H2, H1, H2] {
            let exchange = self.0.check_traffic(&case(protocol)).await;
            assert_eq!(exchange.answer.status(), 200, "{fault}: what came after it");
        }
    }

    /// With another configuration, there are records again, and the filter's stats go on from where they were.
    pub(crate) async fn comes_back(self, fault: &str) {
        let (streams, created) = (self.0.metric("streams"), self.0.vms_created());
        self.0.reconfigure(r#"{"batch":{"linger_ms":52}}"#).await.expect("a configuration");
        for protocol in [H1, H2] {
            self.recorded(protocol).await;
        }
        assert_eq!(self.0.vms_created(), created + 2, "{fault}: VMs: one to clone, and the worker's");
        let counted = || (self.0.metric("streams")? == streams? + 2).then_some(());
        wait::until(format!("{fault}: two more streams than {streams:?}"), counted).await;
        self.0.finish_trapped();
    }
}
