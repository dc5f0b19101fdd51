//! The collector's page, beside what the demo prints.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http_trace_collector::receive::Format;
use http_trace_collector::server;
use http_trace_collector::sink::{Files, Sink};
use http_trace_collector::store::{Limits, Store};
use http_trace_e2e::collector::Post;
use tokio::net::TcpListener;

const LIMITS: Limits = Limits { exchanges: 10_000, bytes: 256 << 20 };

/// A page that is being served.
pub(crate) struct Page {
    pub(crate) address: SocketAddr,
    sink: Sink,
}

impl Page {
    pub(crate) async fn open() -> io::Result<Self> {
        let store = Arc::new(Store::new(LIMITS));
        let (sink, _) = Sink::start(Arc::clone(&store), Files::default(), false)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        tokio::spawn(server::serve(listener, store, sink.clone(), None));
        Ok(Self { address, sink })
    }

    /// Shows records. The demo prints what is none.
    pub(crate) async fn show(&self, posts: &[Post]) {
        for post in posts {
            if let Ok(exchanges) = Format::Publish.read(&post.message.body) {
                // Without files, nothing can go wrong.
                let _ = self.sink.store(exchanges).await;
            }
        }
    }
}
