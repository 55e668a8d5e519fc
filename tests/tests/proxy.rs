//! The misbehaving proxy itself: each treatment before a small server, seen by a client that shows every byte.
#![expect(
    clippy::cast_possible_wrap,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    reason = "tests: a panic is a failed test"
)]

mod proxy_server;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use ayumi_tests::proxy::{Of, Portion, Proxy, Rates};
use proxy_server::Server;

/// What a client gets for its request.
#[derive(Debug, PartialEq, Eq)]
enum Got {
    /// Everything until the end of the connection.
    Bytes(String),
    Reset,
    Refused,
}

impl Got {
    fn text(self) -> String {
        match self {
            Self::Bytes(text) => text,
            other => panic!("no answer but {other:?}"),
        }
    }

    fn status(self) -> u16 {
        self.text()
            .split(' ')
            .nth(1)
            .expect("a status")
            .parse()
            .expect("a number")
    }

    fn body(self) -> String {
        self.text().split_once("\r\n\r\n").expect("a head").1.to_owned()
    }
}

fn request_text(method: &str, path: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: here\r\nauthorization: Bearer secret\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends and reads until the connection ends.
fn sent(address: SocketAddr, text: &str) -> Got {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return Got::Refused;
    };
    // The other side may hang up in the middle.
    drop(stream.write_all(text.as_bytes()));
    let mut got = Vec::new();
    match stream.read_to_end(&mut got) {
        Ok(_) => Got::Bytes(String::from_utf8_lossy(&got).into_owned()),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Got::Reset,
        Err(error) => panic!("unexpected {error}"),
    }
}

fn post(proxy: &Proxy, path: &str, body: &str) -> Got {
    sent(proxy.address(), &request_text("POST", path, body))
}

#[test]
fn without_rules_every_byte_passes_as_it_is() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let through = post(&proxy, "/v1/push?lane=talk", "hello").text();
    let text = request_text("POST", "/v1/push?lane=talk", "hello");
    let direct = sent(server.address(), &text).text();
    assert_eq!(through.replace("\"count\":1", "\"count\":2"), direct);
    let traffic = proxy.traffic();
    assert_eq!((traffic.connections, traffic.requests), (1, 1));
    assert_eq!(traffic.bytes_up, text.len() as u64);
    assert_eq!(traffic.bytes_down, through.len() as u64);
}

#[test]
fn several_requests_share_one_connection_also_with_chunks() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let mut stream = TcpStream::connect(proxy.address()).expect("a connection");
    let keep = request_text("POST", "/v1/chunked", "a").replace("connection: close\r\n", "");
    let chunked = keep
        .replace("content-length: 1", "transfer-encoding: chunked")
        .replace("\r\n\r\na", "\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    let last = request_text("GET", "/v1/pull", "");
    for text in [keep, chunked, last] {
        stream.write_all(text.as_bytes()).expect("sent");
    }
    let mut got = String::new();
    stream.read_to_string(&mut got).expect("answers");
    assert_eq!(got.matches("HTTP/1.1 200").count(), 3);
    assert_eq!(proxy.traffic().connections, 1);
    assert_eq!(proxy.exchanges()[1].request_body, b"abcde");
    assert_eq!(server.bodies()[1], "abcde");
}

#[test]
fn a_lost_request_never_reaches_the_server() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let lost = proxy.next_request_lost();
    assert_eq!(post(&proxy, "/v1/push", "one"), Got::Reset);
    assert_eq!((server.count(), lost.happened()), (0, 1));
    assert_eq!(post(&proxy, "/v1/push", "one").status(), 200);
}

#[test]
fn a_lost_response_has_reached_the_server() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    proxy.next_to("/v1/push").response_lost();
    assert_eq!(post(&proxy, "/v1/pull", "").status(), 200);
    assert_eq!(post(&proxy, "/v1/push", "one"), Got::Reset);
    assert_eq!(server.bodies(), ["", "one"]);
    let exchange = &proxy.exchanges()[1];
    assert_eq!((exchange.server_status, exchange.status), (Some(200), None));
    assert_eq!(exchange.treatment, "response lost");
}

#[test]
fn rules_are_used_up_in_order_and_can_wait_repeat_and_end() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    proxy.next_to("/v1/push").answers(502);
    proxy.next_to("/v1/push").after(1).times(2).answers(504);
    let always = proxy.every_to("/v1/pull").with_method("POST").answers(500).rule();
    let statuses: Vec<u16> = (0..5).map(|_| post(&proxy, "/v1/push", "").status()).collect();
    assert_eq!(statuses, [502, 200, 504, 504, 200]);
    assert_eq!(post(&proxy, "/v1/pull", "").status(), 500);
    assert_eq!(
        sent(proxy.address(), &request_text("GET", "/v1/pull", "")).status(),
        200
    );
    always.ends();
    assert_eq!(post(&proxy, "/v1/pull", "").status(), 200);
    assert_eq!((always.happened(), proxy.requests_to("/v1/push")), (1, 5));
    proxy.every().request_lost();
    proxy.behaves();
    assert_eq!(post(&proxy, "/v1/pull", "").status(), 200);
}

#[test]
fn a_status_is_answered_before_or_after_the_server() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    for status in [502, 503, 504, 520, 529] {
        proxy.answers(status);
        assert_eq!(post(&proxy, "/v1/push", "before").status(), status);
    }
    assert_eq!(server.count(), 0);
    for status in [502, 503, 504, 520, 529] {
        proxy.answers(status).after_the_server();
        assert_eq!(post(&proxy, "/v1/push", "after").status(), status);
    }
    assert_eq!(server.count(), 5);
}

#[test]
fn retry_after_comes_in_any_form_or_not_at_all() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    for value in ["30", "Thu, 26 Nov 2026 12:00:00 GMT", "1000000000", "-1", "soon"] {
        proxy.answers(429).with_retry_after(value);
        let text = post(&proxy, "/v1/push", "").text();
        assert!(text.contains(&format!("retry-after: {value}\r\n")), "{text}");
    }
    proxy.answers(503);
    assert!(!post(&proxy, "/v1/push", "").text().contains("retry-after"));
}

#[test]
fn portals_bare_refusals_and_redirects_come_from_the_proxy_alone() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    proxy.next().captive_portal();
    let text = post(&proxy, "/v1/push", "").text();
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("text/html") && text.contains("<p>"));
    for status in [401, 403, 404] {
        proxy.answers(status);
        let text = post(&proxy, "/v1/push", "").text();
        assert!(text.starts_with(&format!("HTTP/1.1 {status}")) && !text.contains("problem+json"));
    }
    proxy.next().redirected_to("http://127.0.0.1:9/other");
    assert!(
        post(&proxy, "/v1/push", "")
            .text()
            .contains("location: http://127.0.0.1:9/other\r\n")
    );
    assert_eq!(server.count(), 0);
}

#[test]
fn a_response_ends_after_so_many_bytes_of_its_body() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let whole = post(&proxy, "/v1/pull", "").body();
    proxy.next().response_cut_after(5);
    let text = post(&proxy, "/v1/pull", "").text();
    assert!(text.contains(&format!("content-length: {}\r\n", whole.len())));
    assert_eq!(text.split_once("\r\n\r\n").expect("a head").1, &whole[..5]);
}

#[test]
fn truncated_content_has_a_length_that_fits() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    proxy.next().content_truncated_to(Portion::Bytes(5));
    let text = post(&proxy, "/v1/pull", "").text();
    assert!(
        text.contains("content-length: 5\r\n") && text.ends_with("\r\n\r\n{\"cou"),
        "{text}"
    );
}

#[test]
fn a_length_may_be_too_long_or_too_short() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let whole = post(&proxy, "/v1/pull", "").body();
    for wrong in [7_i64, -3] {
        proxy.next().length_wrong_by(wrong);
        let text = post(&proxy, "/v1/pull", "").text();
        let stated = whole.len() as i64 + wrong;
        assert!(text.contains(&format!("content-length: {stated}\r\n")), "{text}");
        assert_eq!(text.split_once("\r\n\r\n").expect("a head").1.len(), whole.len());
    }
}

#[test]
fn type_header_and_content_are_changed_on_the_way() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    proxy.next().content_type("text/xml");
    assert!(
        post(&proxy, "/v1/pull", "")
            .text()
            .contains("content-type: text/xml\r\n")
    );
    proxy.next().header_of(200_000);
    assert!(post(&proxy, "/v1/pull", "").text().len() > 200_000);
    proxy.next().response_changed(|answer| {
        answer.status = 304;
        answer.set_header("etag", "\"old\"");
    });
    let text = post(&proxy, "/v1/articles", "").text();
    assert!(
        text.starts_with("HTTP/1.1 304") && text.contains("etag: \"old\"\r\n") && text.ends_with("\r\n\r\n")
    );
    proxy
        .next()
        .response_changed(|answer| answer.set_header("upload-offset", "7"));
    let text = sent(proxy.address(), &request_text("HEAD", "/v1/uploads/1", "")).text();
    assert!(
        text.contains("upload-offset: 7\r\n") && text.contains("content-length: 11\r\n"),
        "{text}"
    );
}

#[test]
fn a_cut_request_leaves_its_first_part_at_the_server() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    proxy.next().request_cut_after(Portion::Percent(90));
    assert_eq!(post(&proxy, "/v1/uploads", "0123456789"), Got::Reset);
    assert_eq!(server.wait_for_part(), "012345678");
    assert_eq!(server.count(), 0);
    assert_eq!(proxy.exchanges()[0].request_body, b"012345678");
}

#[test]
fn a_stalled_upload_goes_on_when_the_gate_opens() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let gate = proxy.next().request_stalls_after(Portion::Bytes(3));
    thread::scope(|scope| {
        let client = scope.spawn(|| post(&proxy, "/v1/uploads", "0123456789"));
        gate.block_until_reached_by(1);
        assert_eq!(server.count(), 0);
        gate.open();
        assert_eq!(client.join().expect("a client").status(), 200);
    });
    assert_eq!(server.bodies(), ["0123456789"]);
}

#[test]
fn the_server_hears_of_a_client_that_gives_up_a_stalled_upload() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let gate = proxy.next().request_stalls_after(Portion::Bytes(3));
    let mut stream = TcpStream::connect(proxy.address()).expect("a connection");
    stream
        .write_all(request_text("PATCH", "/v1/uploads", "0123456789").as_bytes())
        .expect("sent");
    gate.block_until_reached_by(1);
    drop(stream);
    assert_eq!(server.wait_for_part(), "012");
}

#[test]
fn requests_and_answers_wait_at_their_gates() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let before = proxy.next().request_held();
    let after = proxy.next().response_held();
    thread::scope(|scope| {
        let first = scope.spawn(|| post(&proxy, "/v1/push", "a").status());
        before.block_until_reached_by(1);
        assert_eq!(server.count(), 0);
        let second = scope.spawn(|| post(&proxy, "/v1/push", "b").status());
        after.block_until_reached_by(1);
        assert_eq!(server.bodies(), ["b"]);
        assert!(!first.is_finished() && !second.is_finished());
        before.open();
        after.let_through(1);
        assert_eq!(first.join().expect("a client"), 200);
        assert_eq!(second.join().expect("a client"), 200);
    });
}

#[test]
fn a_duplicated_request_reaches_the_server_twice() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    proxy.next().duplicated_with_answer(Of::First);
    assert_eq!(post(&proxy, "/v1/push", "a").body(), r#"{"count":1}"#);
    proxy.next().duplicated_with_answer(Of::Second);
    assert_eq!(post(&proxy, "/v1/push", "b").body(), r#"{"count":4}"#);
    assert_eq!(server.bodies(), ["a", "a", "b", "b"]);
    assert_eq!(proxy.exchanges()[1].deliveries, 2);
}

#[tokio::test]
async fn a_request_wanders_and_arrives_again_later_with_its_token() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    assert_eq!(post(&proxy, "/v1/push", "a").status(), 200);
    assert_eq!(proxy.deliver_again(0).await.expect("delivered"), 200);
    assert_eq!(server.bodies(), ["a", "a"]);
    assert!(server.heads()[1].contains("Bearer secret"));
    assert!(proxy.deliver_again(5).await.is_err());
}

#[test]
fn an_answer_is_overtaken_by_the_next_one() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    proxy.next_to("/v1/pull").response_overtaken();
    thread::scope(|scope| {
        let first = scope.spawn(|| post(&proxy, "/v1/pull", "").body());
        server.wait_for_count(1);
        // Another path does not overtake.
        assert_eq!(post(&proxy, "/v1/push", "").status(), 200);
        assert!(!first.is_finished());
        assert_eq!(post(&proxy, "/v1/pull", "").body(), r#"{"count":3}"#);
        assert_eq!(first.join().expect("a client"), r#"{"count":1}"#);
    });
}

#[test]
fn an_old_page_comes_again() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    proxy.next_to("/v1/pull").after(1).old_answer_again();
    let bodies: Vec<String> = (0..3).map(|_| post(&proxy, "/v1/pull", "").body()).collect();
    assert_eq!(bodies, [r#"{"count":1}"#, r#"{"count":1}"#, r#"{"count":3}"#]);
}

#[test]
fn an_answer_trickles_byte_by_byte() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let gate = proxy.next().response_trickles();
    let mut stream = TcpStream::connect(proxy.address()).expect("a connection");
    stream
        .write_all(request_text("GET", "/v1/pull", "").as_bytes())
        .expect("sent");
    gate.let_through(8);
    let mut first = [0; 8];
    stream.read_exact(&mut first).expect("eight bytes");
    assert_eq!(&first, b"HTTP/1.1");
    gate.block_until_reached_by(9);
    assert_eq!(proxy.traffic().bytes_down, 8);
    gate.open();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("the rest");
    assert!(rest.ends_with(r#"{"count":1}"#));
}

#[test]
fn the_network_goes_away_and_comes_back_at_the_same_address() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let gate = proxy.next().response_held();
    thread::scope(|scope| {
        let caught = scope.spawn(|| post(&proxy, "/v1/push", "a"));
        gate.block_until_reached_by(1);
        proxy.network_goes_away();
        assert_eq!(caught.join().expect("a client"), Got::Reset);
    });
    proxy.network_goes_away();
    assert_eq!(post(&proxy, "/v1/push", "b"), Got::Refused);
    proxy.network_comes_back();
    proxy.network_comes_back();
    assert_eq!(post(&proxy, "/v1/push", "c").status(), 200);
    assert_eq!(server.bodies(), ["a", "c"]);
}

#[test]
fn a_server_that_is_away_looks_like_a_reset_until_it_is_back_elsewhere() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address");
    let proxy = Proxy::before(nobody);
    assert_eq!(post(&proxy, "/v1/push", "a"), Got::Reset);
    let server = Server::start();
    proxy.server_is_now(server.address());
    assert_eq!(post(&proxy, "/v1/push", "a").status(), 200);
}

#[test]
fn chaos_repeats_itself_for_a_seed_and_strikes_about_as_often_as_asked() {
    let run = |seed: u64| -> Vec<&'static str> {
        let server = Server::start();
        let proxy = Proxy::before(server.address());
        proxy.chaos(seed, Rates::ROUGH);
        for number in 0..200 {
            post(
                &proxy,
                if number % 2 == 0 { "/v1/push" } else { "/v1/pull" },
                "body",
            );
        }
        proxy
            .exchanges()
            .iter()
            .map(|exchange| exchange.treatment)
            .collect()
    };
    let first = run(7);
    assert_eq!(first, run(7));
    assert_ne!(first, run(8));
    let struck = first.iter().filter(|name| **name != "passed").count();
    assert!((25..90).contains(&struck), "{struck} of 200");
}

#[test]
fn the_record_hides_the_token_and_its_debug_form_the_bodies() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    post(&proxy, "/v1/push", "I feel dizzy");
    let exchanges = proxy.exchanges();
    assert_eq!(exchanges[0].request_body, b"I feel dizzy");
    assert!(
        exchanges[0]
            .request_headers
            .contains(&("authorization".to_owned(), "hidden".to_owned()))
    );
    let shown = format!("{exchanges:?}{proxy:?}");
    assert!(!shown.contains("dizzy") && !shown.contains("secret"), "{shown}");
}

fn client() -> reqwest::Client {
    // The first test that comes decides; the others find it decided.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client")
}

#[tokio::test]
async fn the_client_of_the_driver_sees_faults_as_errors_and_works_on() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let client = client();
    let push = || client.post(format!("{}/v1/push", proxy.url())).body("a").send();
    proxy.next_response_lost();
    assert!(push().await.is_err());
    proxy.next().response_cut_after(4);
    assert!(push().await.expect("a head").bytes().await.is_err());
    proxy.next().length_wrong_by(9);
    assert!(push().await.expect("a head").bytes().await.is_err());
    proxy.next().redirected_to("http://127.0.0.1:9/");
    assert_eq!(push().await.expect("an answer").status(), 307);
    let answer = push().await.expect("an answer").text().await.expect("a body");
    assert_eq!(answer, r#"{"count":4}"#);
}

#[tokio::test]
async fn a_bomb_is_small_on_the_wire_and_a_huge_body_stops_with_the_client() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let client = client();
    proxy.next().gzip_bomb_of(64 << 20);
    let answer = client.get(proxy.url()).send().await.expect("an answer");
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let packed = answer.bytes().await.expect("a body");
    assert!(packed.len() < 1 << 20, "{} bytes", packed.len());
    let unpacked = std::io::copy(
        &mut flate2::read::GzDecoder::new(&packed[..]),
        &mut std::io::sink(),
    );
    assert_eq!(unpacked.expect("gzip"), 64 << 20);

    proxy.next().endless_body();
    let mut answer = client.get(proxy.url()).send().await.expect("an answer");
    let mut seen = 0;
    while seen < 1 << 20 {
        seen += answer.chunk().await.expect("more").expect("more").len();
    }
    drop(answer);
    proxy.next().body_of(3 << 20);
    let body = client
        .get(proxy.url())
        .send()
        .await
        .expect("an answer")
        .bytes()
        .await
        .expect("a body");
    assert_eq!(body.len(), 3 << 20);
}

#[tokio::test]
async fn gates_can_be_awaited_beside_the_client() {
    let server = Server::start();
    let proxy = Proxy::before(server.address());
    let gate = proxy.next().response_held();
    let client = client();
    let (answer, ()) = tokio::join!(client.get(proxy.url()).send(), async {
        gate.reached_by(1).await;
        assert_eq!(gate.arrivals(), 1);
        gate.open();
    });
    assert_eq!(answer.expect("an answer").status(), 200);
}
