//! Network namespaces, one for each pod, all joined by the node's bridge.

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::{io, thread};

use fs_err::File;
use rustix::fd::AsFd;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use socket2::{Domain, Socket, Type};

use crate::command::run;
use crate::sandbox::{BRIDGE, NODE};
use crate::traffic::PATIENCE;
use crate::users;

/// A pod's network.
#[derive(Clone, Debug)]
pub(crate) struct Namespace {
    /// Also the name of its end of the link at the bridge.
    name: String,
    /// The pod's.
    address: IpAddr,
}

impl Namespace {
    /// Makes one with this address.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) fn new(name: &str, address: IpAddr) -> io::Result<Self> {
        let namespace = Self::named(name, address);
        run("ip", ["netns", "add", name])?;
        run("ip", ["link", "add", name, "master", BRIDGE, "type", "veth", "peer", "name", "eth0", "netns", name])?;
        run("ip", ["link", "set", name, "up"])?;
        for arguments in [
            "link set lo up",
            &format!("addr add {address}/16 dev eth0"),
            &format!("addr replace {}/16 dev eth0", users::application(address)),
            "link set eth0 up",
            &format!("route add default via {NODE}"),
        ] {
            run("ip", ["-n", name].into_iter().chain(arguments.split(' ')))?;
        }
        // As Istio's templates ask of the kubelet: a gateway's Envoy is nobody special.
        let [nsenter, net] = namespace.prefix();
        let sysctl = "echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start";
        run(&nsenter, [&net, "sh", "-c", sysctl])?;
        Ok(namespace)
    }

    /// The one of this name, that is there.
    pub(crate) fn named(name: &str, address: IpAddr) -> Self {
        Self { name: name.to_owned(), address }
    }

    /// The words before a command that make it run here.
    pub(crate) fn prefix(&self) -> [String; 2] {
        ["nsenter".to_owned(), format!("--net={}", self.file())]
    }

    /// A socket that listens on this port of all its addresses.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn listen(&self, port: u16) -> io::Result<TcpListener> {
        self.within(move || TcpListener::bind(("0.0.0.0", port)))
    }

    /// A connection of the application's.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let source = users::application(self.address);
        self.within(move || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            if !address.ip().is_loopback() {
                socket.bind(&SocketAddr::new(source, 0).into())?;
            }
            socket.connect_timeout(&address.into(), PATIENCE)?;
            Ok(socket.into())
        })
    }

    /// Takes it away; its interfaces go with the last process in it.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn remove(&self) -> io::Result<()> {
        run("ip", ["link", "del", &self.name])?;
        run("ip", ["netns", "del", &self.name]).map(drop)
    }

    /// A socket belongs to the namespace in which its thread made it.
    fn within<T: Send + 'static>(&self, work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
        let file = File::open(self.file())?;
        let thread = thread::spawn(move || {
            move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
            work()
        });
        thread.join().map_err(|_| io::Error::other("a thread in a namespace panicked"))?
    }

    fn file(&self) -> String {
        format!("/run/netns/{}", self.name)
    }
}
