//! What happens on one connection of the client.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;

use super::gate::Gate;
use super::message::{Framing, Head, Input, Message};
use super::record::Exchange;
use super::rule::{Answer, Of, Portion, Treatment};
use super::{Overtaken, Shared};

/// Bytes written at a time, so that a client that hangs up is noticed and the count is near the truth.
const WRITE_BYTES: usize = 16 << 10;
/// Bytes of a made-up body at a time.
const FILL_BYTES: usize = 64 << 10;

/// What becomes of the client's connection.
enum After {
    /// It may carry another request.
    Stays,
    /// It ends in order.
    Ends,
    /// It is reset.
    Reset,
}

struct Client {
    input: Input<OwnedReadHalf>,
    output: OwnedWriteHalf,
    shared: Arc<Shared>,
}

pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream, mut outage: watch::Receiver<u64>) {
    drop(stream.set_nodelay(true));
    let (input, output) = stream.into_split();
    let mut client = Client {
        input: Input::new(input, Arc::clone(&shared.bytes_up)),
        output,
        shared,
    };
    let after = tokio::select! {
        after = client.requests() => after,
        _ = outage.changed() => After::Reset,
    };
    if matches!(after, After::Reset) {
        drop(client.output.as_ref().set_zero_linger());
        // Dropping the half would say goodbye in order first.
        client.output.forget();
    }
}

/// Gives a whole request to the server and reads its answer.
pub(super) async fn deliver(shared: &Shared, number: usize, request: &Message) -> io::Result<Message> {
    shared.note(number, |exchange| exchange.deliveries += 1);
    let mut server = Server::connect(shared).await?;
    let Server { input, output } = &mut server;
    let answered = Server::answer(input, request.head.method());
    // A server that refuses may answer before it has read everything, and then stop reading.
    let written = async {
        drop(output.write_all(&request.wire).await);
        std::future::pending::<()>().await;
    };
    let answer = tokio::select! {
        answer = answered => answer?,
        () = written => return Err(ErrorKind::BrokenPipe.into()),
    };
    let status = answer.head.status();
    shared.note(number, |exchange| exchange.server_status = Some(status));
    Ok(answer)
}

/// One connection to the server. Each request has its own, so that no treatment can harm a later request.
struct Server {
    input: Input<OwnedReadHalf>,
    output: OwnedWriteHalf,
}

impl Server {
    async fn connect(shared: &Shared) -> io::Result<Self> {
        let address = *shared.server.lock().expect("no panic");
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (input, output) = stream.into_split();
        Ok(Self {
            input: Input::new(input, Arc::default()),
            output,
        })
    }

    async fn answer(input: &mut Input<OwnedReadHalf>, method: &str) -> io::Result<Message> {
        loop {
            let raw = input.head().await?.ok_or(ErrorKind::UnexpectedEof)?;
            let head = Head::parse(&raw);
            if (100..200).contains(&head.status()) {
                continue;
            }
            let body = input.body(head.response_framing(method)).await?;
            return Ok(Message::came(&raw, head, body));
        }
    }
}

impl Client {
    async fn requests(&mut self) -> After {
        loop {
            match self.request().await {
                Ok(After::Stays) => {}
                Ok(after) => return after,
                // The server is away, or the client is; neither has an answer coming.
                Err(_) => return After::Reset,
            }
        }
    }

    async fn request(&mut self) -> io::Result<After> {
        let Some(raw) = self.input.head().await? else {
            return Ok(After::Ends);
        };
        let head = Head::parse(&raw);
        let shared = Arc::clone(&self.shared);
        let _turn = if shared.takes_turns.load(Ordering::SeqCst) {
            Some(shared.turns.lock().await)
        } else {
            None
        };
        self.shared.requests.fetch_add(1, Ordering::SeqCst);
        let (number, treatment) = self.shared.decide(Exchange {
            number: 0,
            method: head.method().to_owned(),
            path: head.path().to_owned(),
            request_headers: head.without_secrets(),
            request_body: Vec::new(),
            treatment: "",
            deliveries: 0,
            server_status: None,
            status: None,
            response_headers: Vec::new(),
            response_body: Vec::new(),
        });
        match treatment {
            Treatment::RequestCut(portion) => {
                self.part_of_request(number, &raw, &head, portion).await?;
                return Ok(After::Reset);
            }
            Treatment::RequestStalls(portion, gate) => {
                return self.stalled(number, &raw, &head, portion, &gate).await;
            }
            _ => {}
        }
        let body = self.input.body(head.request_framing()).await?;
        let mut request = Message::came(&raw, head, body);
        self.shared.note(number, |exchange| {
            exchange.request_body.clone_from(&request.body);
        });
        let whole = Arc::new(request.clone());
        self.shared
            .deliverable
            .lock()
            .expect("no panic")
            .insert(number, whole);
        if treatment.wants_plain() && request.head.get("accept-encoding").is_some() {
            request.head.remove("accept-encoding");
            let length = request.body.len();
            request = Message::made(request.head, request.body, length);
        }
        self.treat(number, &request, treatment).await
    }

    async fn treat(&mut self, number: usize, request: &Message, treatment: Treatment) -> io::Result<After> {
        match treatment {
            Treatment::RequestLost => return Ok(After::Reset),
            Treatment::RequestHeld(ref gate) => self.wait_at(gate).await?,
            Treatment::Says {
                ref answer,
                after_server,
            } => {
                if after_server {
                    self.ask_server(number, request).await?;
                }
                return self.send(number, request, made(answer)).await;
            }
            Treatment::Huge(bytes) => return self.send_huge(number, bytes).await,
            Treatment::Bomb(bytes) => return self.send_bomb(number, bytes).await,
            _ => {}
        }
        let before = self.last_answer(request);
        let mut answer = self.ask_server(number, request).await?;
        match treatment {
            Treatment::ResponseLost => return Ok(After::Reset),
            Treatment::ResponseHeld(gate) => self.wait_at(&gate).await?,
            Treatment::Overtaken => {
                let gate = Gate::closed();
                self.wait_to_be_overtaken(number, request, gate.clone());
                self.wait_at(&gate).await?;
            }
            Treatment::Duplicated(of) => {
                let second = self.ask_server(number, request).await?;
                if of == Of::Second {
                    answer = second;
                }
            }
            Treatment::OldAnswer => answer = before.unwrap_or(answer),
            Treatment::Changed(_, change) => {
                let mut seen = Answer {
                    status: answer.head.status(),
                    headers: answer.head.headers.clone(),
                    body: answer.body.clone(),
                };
                change(&mut seen);
                answer = changed(&seen, &answer, request.head.method());
            }
            Treatment::ResponseCut(body_bytes) => {
                let end = answer.wire.len().min(answer.head_bytes + body_bytes);
                answer.wire.truncate(end);
                self.send(number, request, answer).await?;
                return Ok(After::Ends);
            }
            Treatment::LengthOff(bytes) => {
                let length = answer.body.len().saturating_add_signed(bytes as isize);
                self.send(number, request, Message::made(answer.head, answer.body, length))
                    .await?;
                return Ok(After::Ends);
            }
            Treatment::Trickles(gate) => {
                self.note_answer(number, &answer);
                for byte in &answer.wire {
                    self.wait_at(&gate).await?;
                    self.write(std::slice::from_ref(byte)).await?;
                }
                return Ok(after(request, &answer));
            }
            _ => {}
        }
        self.send(number, request, answer).await
    }

    async fn ask_server(&mut self, number: usize, request: &Message) -> io::Result<Message> {
        let answer = deliver(&self.shared, number, request).await?;
        let mut last = self.shared.last_answers.lock().expect("no panic");
        last.insert(request.head.path().to_owned(), answer.clone());
        Ok(answer)
    }

    fn last_answer(&self, request: &Message) -> Option<Message> {
        let last = self.shared.last_answers.lock().expect("no panic");
        last.get(request.head.path()).cloned()
    }

    /// Opens the gate as soon as a later request that the same rule means has been answered.
    fn wait_to_be_overtaken(&self, number: usize, request: &Message, gate: Gate) {
        let rules = self.shared.rules.lock().expect("no panic");
        let matcher = rules
            .iter()
            .map(|rule| &rule.0.matcher)
            .find(|matcher| matcher.fits(request.head.method(), request.head.path()))
            .cloned()
            .unwrap_or_default();
        let mut overtaken = self.shared.overtaken.lock().expect("no panic");
        overtaken.push(Overtaken {
            matcher,
            number,
            gate,
        });
    }

    fn overtakes(&self, number: usize, request: &Message) {
        let mut waiting = self.shared.overtaken.lock().expect("no panic");
        waiting.retain(|other| {
            let passes =
                other.number < number && other.matcher.fits(request.head.method(), request.head.path());
            if passes {
                other.gate.open();
            }
            !passes
        });
    }

    /// Errors: `ConnectionAborted` if the client hangs up before the gate opens.
    async fn wait_at(&mut self, gate: &Gate) -> io::Result<()> {
        tokio::select! {
            biased;
            () = gate.pass() => Ok(()),
            () = self.input.gone() => Err(ErrorKind::ConnectionAborted.into()),
        }
    }

    /// Gives the head and a part of the body to the server, and returns the connection, how the rest of the
    /// body comes, and what of the rest was read already.
    async fn part_of_request(
        &mut self,
        number: usize,
        raw: &[u8],
        head: &Head,
        portion: Portion,
    ) -> io::Result<(Server, Framing, Vec<u8>)> {
        let mut server = Server::connect(&self.shared).await?;
        server.output.write_all(raw).await?;
        let framing = head.request_framing();
        let (mut part, rest, left) = match framing {
            Framing::Length(whole) => {
                let count = portion.of(whole);
                (
                    Vec::with_capacity(count),
                    Vec::new(),
                    Framing::Length(whole - count),
                )
            }
            // Its length is known at its end only.
            other => {
                let (mut wire, _) = self.input.body(other).await?;
                let rest = wire.split_off(portion.of(wire.len()));
                (wire, rest, Framing::None)
            }
        };
        if let Framing::Length(whole) = framing {
            let count = portion.of(whole);
            while part.len() < count {
                let some = self.input.some(count - part.len()).await?;
                server.output.write_all(&some).await?;
                part.extend_from_slice(&some);
            }
        } else {
            server.output.write_all(&part).await?;
        }
        self.shared.note(number, |exchange| exchange.request_body = part);
        Ok((server, left, rest))
    }

    async fn stalled(
        &mut self,
        number: usize,
        raw: &[u8],
        head: &Head,
        portion: Portion,
        gate: &Gate,
    ) -> io::Result<After> {
        let (mut server, left, rest) = self.part_of_request(number, raw, head, portion).await?;
        // Reads ahead meanwhile: only so the end of a client that gives up is seen, and the server hears of it.
        self.wait_at(gate).await?;
        let (body, _) = self.input.body(left).await?;
        let rest = [rest, body].concat();
        server.output.write_all(&rest).await?;
        let answer = Server::answer(&mut server.input, head.method()).await?;
        self.shared.note(number, |exchange| {
            exchange.request_body.extend_from_slice(&rest);
            exchange.deliveries += 1;
            exchange.server_status = Some(answer.head.status());
        });
        let request = Message::came(raw, head.clone(), (Vec::new(), Vec::new()));
        self.send(number, &request, answer).await
    }

    fn note_answer(&self, number: usize, answer: &Message) {
        self.shared.note(number, |exchange| {
            exchange.status = Some(answer.head.status());
            exchange.response_headers.clone_from(&answer.head.headers);
            exchange.response_body.clone_from(&answer.body);
        });
    }

    async fn send(&mut self, number: usize, request: &Message, answer: Message) -> io::Result<After> {
        self.note_answer(number, &answer);
        self.write(&answer.wire).await?;
        self.overtakes(number, request);
        Ok(after(request, &answer))
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        for part in bytes.chunks(WRITE_BYTES) {
            // Counted first: the client may ask for the count as soon as it has the bytes.
            self.shared
                .bytes_down
                .fetch_add(part.len() as u64, Ordering::SeqCst);
            self.output.write_all(part).await?;
        }
        Ok(())
    }

    async fn begin_chunks(&mut self, number: usize, more: &[(&str, &str)]) -> io::Result<()> {
        let mut head = Head::parse(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n",
        );
        for (name, value) in more {
            head.set(name, value);
        }
        let raw = head.bytes();
        self.note_answer(number, &Message::came(&raw, head, (Vec::new(), Vec::new())));
        self.write(&raw).await
    }

    async fn chunk(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.write(format!("{:x}\r\n", bytes.len()).as_bytes()).await?;
        self.write(bytes).await?;
        self.write(b"\r\n").await
    }

    async fn send_huge(&mut self, number: usize, bytes: u64) -> io::Result<After> {
        self.begin_chunks(number, &[]).await?;
        self.chunk(b"[0").await?;
        let fill = ",0".repeat(FILL_BYTES / 2);
        let mut left = bytes.saturating_sub(3);
        while left > 0 {
            let count = left.min(FILL_BYTES as u64);
            self.chunk(&fill.as_bytes()[..count as usize]).await?;
            left -= count;
        }
        self.chunk(b"]").await?;
        self.write(b"0\r\n\r\n").await?;
        Ok(After::Stays)
    }

    async fn send_bomb(&mut self, number: usize, bytes: u64) -> io::Result<After> {
        self.begin_chunks(number, &[("content-encoding", "gzip")]).await?;
        let zeros = vec![0; FILL_BYTES];
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        let mut left = bytes;
        while left > 0 {
            let count = left.min(FILL_BYTES as u64);
            packed.write_all(&zeros[..count as usize])?;
            left -= count;
            let ready = std::mem::take(packed.get_mut());
            self.chunk(&ready).await?;
        }
        let last = packed.finish()?;
        self.chunk(&last).await?;
        self.write(b"0\r\n\r\n").await?;
        Ok(After::Stays)
    }
}

fn after(request: &Message, answer: &Message) -> After {
    let until_closed = answer.head.response_framing(request.head.method()) == Framing::UntilClosed;
    if until_closed || request.head.ends_connection() || answer.head.ends_connection() {
        After::Ends
    } else {
        After::Stays
    }
}

fn head_of(answer: &Answer) -> Head {
    Head {
        first_line: format!("HTTP/1.1 {} Proxy", answer.status),
        headers: answer.headers.clone(),
    }
}

fn made(answer: &Answer) -> Message {
    Message::made(head_of(answer), answer.body.clone(), answer.body.len())
}

/// The changed answer with a length that fits it; an answer without a body by its nature keeps the length it stated.
fn changed(answer: &Answer, before: &Message, method: &str) -> Message {
    let head = head_of(answer);
    if head.response_framing(method) != Framing::None {
        return made(answer);
    }
    let mut head = head;
    if before.head.response_framing(method) != Framing::None {
        head.remove("content-length");
        head.remove("transfer-encoding");
    }
    let raw = head.bytes();
    Message::came(&raw, head, (Vec::new(), Vec::new()))
}
