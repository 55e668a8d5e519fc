//! A new phone and the snapshot of a long log, with the real driver over real sockets and a network that misbehaves. Source: sync.md 6.7.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeSet;
use std::path::Path;

use ayumi_core::chat::{NewMessage, PageFrom};
use ayumi_core::sync::engine::SyncStatus;
use ayumi_protocol::id::CaseId;
use ayumi_protocol::limits;
use ayumi_server::cases::snapshots::make::make_snapshots;
use ayumi_tests::proxy::{Portion, Proxy};
use ayumi_tests::real_server::{PATIENCE, RealPhone, RealServer, born};

/// Messages of the log: more than a snapshot has to save, and the page that comes before it.
const MESSAGES: i64 = limits::SNAPSHOT_WORTH_ENTRIES + 550;

/// Texts of a conversation, sorted.
fn texts(phone: &RealPhone, case_id: CaseId) -> Vec<String> {
    let chat = phone.app.chat();
    let mut texts = Vec::new();
    let mut from = PageFrom::Newest;
    loop {
        let page = chat.timeline(case_id, from, 100, &BTreeSet::new()).unwrap();
        let first = page.items.first().map(|item| item.place);
        texts.extend(page.items.into_iter().filter_map(|item| item.text));
        match first {
            Some(first) if page.has_older => from = PageFrom::Before(first),
            _ => break,
        }
    }
    texts.sort();
    texts
}

/// A phone on which she signs in with a code of her first one, behind a proxy.
fn new_phone(first: &RealPhone, proxy: &Proxy, seed: u64) -> RealPhone {
    let code = first.app.sync().transfer_code(None, PATIENCE).unwrap().code;
    let phone = RealPhone::new(&proxy.url(), seed);
    let sync = phone.app.sync();
    sync.transfer(code.expose(), born(), true, PATIENCE).unwrap();
    phone
}

fn exchange(phone: &RealPhone) -> SyncStatus {
    let outcome = phone.app.sync().sync_now(PATIENCE).unwrap();
    assert!(outcome.is_complete, "{outcome:?}");
    outcome.status
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("app/cache/snapshots")).map_or(0, Iterator::count)
}

#[test]
fn c10_a_new_phone_reads_a_long_log_from_a_snapshot_over_a_bad_network() {
    let server = RealServer::start();
    let first = RealPhone::new(&server.url(), 1);
    let case_id = first.enrol(&server);
    for number in 0..MESSAGES {
        first
            .app
            .chat()
            .send(case_id, NewMessage::text(format!("simulated {number}")))
            .unwrap();
    }
    exchange(&first);
    server.run(make_snapshots(&server.server, 10)).unwrap();
    // Said after it was made.
    first
        .app
        .chat()
        .send(case_id, NewMessage::text("the last word"))
        .unwrap();
    exchange(&first);
    let expected = texts(&first, case_id);
    assert_eq!(expected.len(), usize::try_from(MESSAGES).unwrap() + 1);

    // Undisturbed: the question, a part, and few pages.
    let proxy = Proxy::before(server.address);
    let phone = new_phone(&first, &proxy, 2);
    let status = exchange(&phone);
    assert_eq!((status.trouble, status.snapshot), (None, None));
    assert_eq!(texts(&phone, case_id), expected);
    assert_eq!(
        (proxy.requests_to("/v1/snapshots/"), files(phone.folder.path())),
        (1, 0)
    );
    let by_snapshot = proxy.requests_to("/v1/pull");

    // A part that is cut off and one that a proxy answers are asked for again.
    let proxy = Proxy::before(server.address);
    let phone = new_phone(&first, &proxy, 3);
    let cut = proxy
        .next_to("/v1/snapshots/")
        .content_truncated_to(Portion::Percent(50));
    for _ in 0..3 {
        exchange(&phone);
    }
    assert_eq!(texts(&phone, case_id), expected);
    assert_eq!(
        (
            cut.happened(),
            proxy.requests_to("/v1/snapshots/"),
            files(phone.folder.path())
        ),
        (1, 2, 0)
    );

    // A proxy that never lets one through costs two tries.
    let proxy = Proxy::before(server.address);
    let phone = new_phone(&first, &proxy, 4);
    proxy.every_to("/v1/snapshots/").answers(502);
    for _ in 0..3 {
        exchange(&phone);
    }
    assert_eq!(texts(&phone, case_id), expected);
    assert_eq!(
        (proxy.requests_to("/v1/snapshots/"), files(phone.folder.path())),
        (2, 0)
    );
    assert!(proxy.requests_to("/v1/pull") > by_snapshot);
}
