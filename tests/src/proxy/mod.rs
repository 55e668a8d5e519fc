//! A misbehaving proxy: real sockets on loopback between an HTTP/1.1 client and the server.
//!
//! ```text
//! let proxy = Proxy::before(server);
//! proxy.next_to("/v1/push").response_lost();
//! proxy.next_to("/v1/pull").answers(503).with_retry_after("30");
//! let gate = proxy.next_to("/v1/uploads").with_method("PATCH").request_stalls_after(Portion::Percent(90));
//! proxy.network_goes_away();
//! ```
//!
//! Each sentence is one rule. A request is treated by the oldest rule that means it and is not used up; a request that no
//! rule means passes untouched, byte for byte. Source: faults.md 4.5.
//!
//! Invariants:
//! - Nothing here waits for time. What is slow on a real network waits at a [`Gate`] that the test opens; faults by chance
//!   ([`Proxy::chaos`]) follow from a seed and from what a request is, not from when it arrives.
//! - A request is in the record before the server gets it, and its answer before the client gets it: a test that has its
//!   answer finds it there.
//! - "Lost" is a reset connection, "cut" is its end in order: a reset may overtake bytes sent before it, an end may not.
//!
//! Not covered: TLS (the proxy reads what it forwards), HTTP/2, `Expect: 100-continue`, upgraded connections. Messages are
//! held in memory whole.

mod chaos;
mod gate;
mod message;
mod next;
mod record;
mod rule;
mod run;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

pub use chaos::Rates;
pub use gate::Gate;
use message::Message;
pub use next::Next;
pub use record::{Exchange, Traffic};
pub use rule::{Answer, Answers, Of, Portion, Rule};
use rule::{Matcher, Treatment};

/// Connections that the system keeps for the proxy until it takes them.
const BACKLOG: u32 = 1024;

/// An answer that waits until a later one has gone.
struct Overtaken {
    matcher: Matcher,
    number: usize,
    gate: Gate,
}

struct Chaos {
    seed: u64,
    rates: Rates,
    /// Requests so far, by method and path.
    seen: BTreeMap<(String, String), u64>,
}

struct Shared {
    server: Mutex<SocketAddr>,
    rules: Mutex<Vec<Rule>>,
    chaos: Mutex<Option<Chaos>>,
    exchanges: Mutex<Vec<Exchange>>,
    /// Whole requests by number, with their tokens, to be delivered again.
    deliverable: Mutex<BTreeMap<usize, Arc<Message>>>,
    /// The server's last answer by path, for the treatment that gives it again.
    last_answers: Mutex<BTreeMap<String, Message>>,
    overtaken: Mutex<Vec<Overtaken>>,
    connections: AtomicU64,
    requests: AtomicU64,
    bytes_up: Arc<AtomicU64>,
    bytes_down: AtomicU64,
    /// Whether one request at a time is served, and whose turn it is.
    takes_turns: AtomicBool,
    turns: tokio::sync::Mutex<()>,
    /// Counts how often the network went away; every open connection is reset when it changes.
    outages: watch::Sender<u64>,
}

impl Shared {
    /// Records a request and decides about it.
    fn decide(&self, exchange: Exchange) -> (usize, Treatment) {
        let (method, path) = (exchange.method.clone(), exchange.path.clone());
        // Under one lock, so that the order of the record is the order in which rules are used up.
        let mut exchanges = self.exchanges.lock().expect("no panic");
        let rules = self.rules.lock().expect("no panic");
        let treatment = rules
            .iter()
            .find_map(|rule| rule.take(&method, &path))
            .unwrap_or_else(|| self.by_chance(&method, &path));
        let number = exchanges.len();
        exchanges.push(Exchange {
            number,
            treatment: treatment.name(),
            ..exchange
        });
        (number, treatment)
    }

    fn by_chance(&self, method: &str, path: &str) -> Treatment {
        let mut chaos = self.chaos.lock().expect("no panic");
        let Some(chaos) = chaos.as_mut() else {
            return Treatment::Pass;
        };
        let nth = chaos
            .seen
            .entry((method.to_owned(), path.to_owned()))
            .or_default();
        *nth += 1;
        chaos::draw(chaos.seed, chaos.rates, method, path, *nth)
    }

    fn note(&self, number: usize, change: impl FnOnce(&mut Exchange)) {
        change(&mut self.exchanges.lock().expect("no panic")[number]);
    }
}

enum Order {
    Away(mpsc::Sender<()>),
    Back(mpsc::Sender<()>),
}

/// The proxy. It has a thread of its own and ends, with all its connections, when it is dropped.
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    orders: UnboundedSender<Order>,
    runtime: Option<Runtime>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Proxy")
            .field("address", &self.address)
            .field("traffic", &self.traffic())
            .finish_non_exhaustive()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // A runtime must not be awaited inside another one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Proxy {
    /// A proxy on a free port of loopback, before a server that speaks HTTP/1.1 without TLS.
    #[must_use]
    pub fn before(server: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("proxy")
            .enable_io()
            .build()
            .expect("a runtime");
        let shared = Arc::new(Shared {
            server: Mutex::new(server),
            rules: Mutex::default(),
            chaos: Mutex::default(),
            exchanges: Mutex::default(),
            deliverable: Mutex::default(),
            last_answers: Mutex::default(),
            overtaken: Mutex::default(),
            connections: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            bytes_up: Arc::default(),
            bytes_down: AtomicU64::new(0),
            takes_turns: AtomicBool::new(false),
            turns: tokio::sync::Mutex::default(),
            outages: watch::Sender::new(0),
        });
        let (orders, received) = unbounded_channel();
        let guard = runtime.enter();
        let listener = bound(SocketAddr::from(([127, 0, 0, 1], 0)))
            .and_then(|socket| socket.listen(BACKLOG))
            .expect("a free port");
        drop(guard);
        let address = listener.local_addr().expect("an address");
        runtime.spawn(accept(listener, address, Arc::clone(&shared), received));
        Self {
            shared,
            address,
            orders,
            runtime: Some(runtime),
        }
    }

    /// Where the client connects.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests from now on go to another address: a server that was started again.
    pub fn server_is_now(&self, server: SocketAddr) {
        *self.shared.server.lock().expect("no panic") = server;
    }

    /// The next request of any kind.
    pub fn next(&self) -> Next<'_> {
        self.next_to("")
    }

    /// The next request whose path and query begin with `prefix`.
    pub fn next_to(&self, prefix: &str) -> Next<'_> {
        Next::new(self, prefix, Some(1))
    }

    /// Every request from now on, until [`Rule::ends`] or [`Proxy::behaves`].
    pub fn every(&self) -> Next<'_> {
        self.every_to("")
    }

    /// Every request from now on whose path and query begin with `prefix`.
    pub fn every_to(&self, prefix: &str) -> Next<'_> {
        Next::new(self, prefix, None)
    }

    /// Short for `next().request_lost()`.
    pub fn next_request_lost(&self) -> Rule {
        self.next().request_lost()
    }

    /// Short for `next().response_lost()`.
    pub fn next_response_lost(&self) -> Rule {
        self.next().response_lost()
    }

    /// Short for `next().answers(status)`.
    pub fn answers(&self, status: u16) -> Answers {
        self.next().answers(status)
    }

    fn add(&self, rule: Rule) {
        self.shared.rules.lock().expect("no panic").push(rule);
    }

    /// Requests that no rule means meet faults by chance from now on. The same seed and the same requests give the same
    /// faults.
    pub fn chaos(&self, seed: u64, rates: Rates) {
        *self.shared.chaos.lock().expect("no panic") = Some(Chaos {
            seed,
            rates,
            seen: BTreeMap::new(),
        });
    }

    /// Forgets all rules and the chaos. What is under way, or waits at a gate, goes on as it was told.
    pub fn behaves(&self) {
        self.shared.rules.lock().expect("no panic").clear();
        *self.shared.chaos.lock().expect("no panic") = None;
    }

    /// From now on a request is read when the one before has its answer, so that a record can be played again one by one. For clients
    /// that ask no long polls.
    pub fn serves_one_at_a_time(&self) {
        self.shared.takes_turns.store(true, Ordering::SeqCst);
    }

    /// Resets every open connection and refuses new ones, until [`Proxy::network_comes_back`]. The port stays reserved.
    pub fn network_goes_away(&self) {
        self.order(Order::Away);
    }

    /// Takes connections again, at the same address.
    pub fn network_comes_back(&self) {
        self.order(Order::Back);
    }

    fn order(&self, order: impl FnOnce(mpsc::Sender<()>) -> Order) {
        let (done, wait) = mpsc::channel();
        self.orders.send(order(done)).expect("the proxy runs");
        wait.recv().expect("the proxy runs");
    }

    /// Everything that came, in the order of arrival.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.exchanges.lock().expect("no panic").clone()
    }

    /// The fields of a recorded request with its token, for a transcript that masks it itself. `None` if it was never read whole.
    #[must_use]
    pub fn fields_with_secrets(&self, number: usize) -> Option<Vec<(String, String)>> {
        let deliverable = self.shared.deliverable.lock().expect("no panic");
        Some(deliverable.get(&number)?.head.headers.clone())
    }

    /// How many requests came whose path and query begin with `prefix`.
    #[must_use]
    pub fn requests_to(&self, prefix: &str) -> usize {
        let exchanges = self.shared.exchanges.lock().expect("no panic");
        exchanges
            .iter()
            .filter(|exchange| exchange.path.starts_with(prefix))
            .count()
    }

    /// How often each thing was done to a request so far, by its name in the record; `passed` counts those that met nothing.
    #[must_use]
    pub fn treatments(&self) -> BTreeMap<&'static str, usize> {
        let exchanges = self.shared.exchanges.lock().expect("no panic");
        exchanges.iter().fold(BTreeMap::new(), |mut counts, exchange| {
            *counts.entry(exchange.treatment).or_default() += 1;
            counts
        })
    }

    /// Counts and bytes so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        Traffic {
            connections: self.shared.connections.load(Ordering::SeqCst),
            requests: self.shared.requests.load(Ordering::SeqCst),
            bytes_up: self.shared.bytes_up.load(Ordering::SeqCst),
            bytes_down: self.shared.bytes_down.load(Ordering::SeqCst),
        }
    }

    /// Gives a recorded request to the server once more, as it was, and returns the status of the answer: a copy that
    /// wandered through the network and arrives late (F34).
    ///
    /// Errors: `NotFound` if the request was never read whole; what the connection to the server said.
    pub async fn deliver_again(&self, number: usize) -> io::Result<u16> {
        let request = self
            .shared
            .deliverable
            .lock()
            .expect("no panic")
            .get(&number)
            .cloned();
        let request = request.ok_or(io::ErrorKind::NotFound)?;
        let shared = Arc::clone(&self.shared);
        let runtime = self.runtime.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let answer = runtime
            .spawn(async move { run::deliver(&shared, number, &request).await })
            .await
            .map_err(io::Error::other)??;
        Ok(answer.head.status())
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // The port has connections from before when it is bound again.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn accept(
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
    mut orders: UnboundedReceiver<Order>,
) {
    let mut listening = Some(listener);
    // Bound but not listening: the system refuses connections and gives the port to nobody else.
    let mut reserved: Option<TcpSocket> = None;
    loop {
        let accepted = async {
            match &listening {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            connection = accepted => {
                if let Ok((stream, _)) = connection {
                    shared.connections.fetch_add(1, Ordering::SeqCst);
                    let outage = shared.outages.subscribe();
                    tokio::spawn(run::serve(Arc::clone(&shared), stream, outage));
                }
            }
            order = orders.recv() => match order {
                None => return,
                Some(Order::Away(done)) => {
                    if listening.take().is_some() {
                        reserved = Some(bound(address).expect("our own port"));
                    }
                    shared.outages.send_modify(|count| *count += 1);
                    let _ = done.send(());
                }
                Some(Order::Back(done)) => {
                    if let Some(socket) = reserved.take() {
                        listening = Some(socket.listen(BACKLOG).expect("our own port"));
                    }
                    let _ = done.send(());
                }
            }
        }
    }
}
