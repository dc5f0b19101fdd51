//! Names of services, for the pods. There is no kube-proxy, so a name gives the address of a ready pod behind the service, and not
//! the service's own; applications are told of the latter by the tests.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use http_trace_e2e::cluster::Cluster;
use simple_dns::rdata::{A, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE};
use tokio::net::UdpSocket;

use crate::mesh::each;
use crate::sandbox::NODE;

/// How long an answer holds, in seconds: pods are replaced.
const TTL: u32 = 1;

/// Starts to answer, for ever.
///
/// # Errors
/// When the port cannot be had.
pub(crate) async fn start(cluster: Arc<Cluster>) -> io::Result<()> {
    let socket = UdpSocket::bind((NODE, 53)).await?;
    tokio::spawn(async move {
        let mut bytes = [0; 1500];
        while let Ok((length, peer)) = socket.recv_from(&mut bytes).await {
            let (query, cluster) = (bytes[..length].to_vec(), Arc::clone(&cluster));
            // It asks the API server, and waits.
            let answer = tokio::task::spawn_blocking(move || answer(&cluster, &query)).await;
            if let Ok(Some(answer)) = answer {
                // A client that has gone asks nobody again.
                let _ = socket.send_to(&answer, peer).await;
            }
        }
    });
    Ok(())
}

fn answer(cluster: &Cluster, query: &[u8]) -> Option<Vec<u8>> {
    let query = Packet::parse(query).ok()?;
    let question = query.questions.first()?.clone();
    let mut reply = Packet::new_reply(query.id());
    reply.set_flags(PacketFlag::AUTHORITATIVE_ANSWER | PacketFlag::RECURSION_AVAILABLE);
    match address(cluster, &question.qname) {
        Some(address) if question.qtype == QTYPE::TYPE(TYPE::A) => {
            let data = RData::A(A::from(address));
            reply.answers.push(ResourceRecord::new(question.qname.clone(), CLASS::IN, TTL, data));
        }
        Some(_) => {}
        None => *reply.rcode_mut() = RCODE::NameError,
    }
    reply.questions.push(question);
    reply.build_bytes_vec().ok()
}

fn address(cluster: &Cluster, name: &Name) -> Option<Ipv4Addr> {
    let name = name.to_string().to_lowercase();
    if name == "localhost" {
        return Some(Ipv4Addr::LOCALHOST);
    }
    let [service, namespace] = name.strip_suffix(".svc.cluster.local")?.split('.').collect::<Vec<_>>()[..] else {
        return None;
    };
    endpoint(cluster, namespace, service)
}

/// The address of a ready pod behind a service.
pub(crate) fn endpoint(cluster: &Cluster, namespace: &str, service: &str) -> Option<Ipv4Addr> {
    let path = format!("/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices");
    let slices = cluster.get(&path).ok()??;
    let slices = each(&slices["items"]).into_iter();
    let of = slices.filter(|slice| slice["metadata"]["labels"]["kubernetes.io/service-name"] == service);
    let ready = of.flat_map(|slice| each(&slice["endpoints"])).find(|point| point["conditions"]["ready"] == true)?;
    ready["addresses"][0].as_str()?.parse().ok()
}
