//! Uploads by the operating system: a fake that sends a slice file at once, late, twice, in part, or never, beside the app itself.
//! Source: sync.md 9.4.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests: a panic is a failed test"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;

use ayumi_core::chat::{NewMessage, PageFrom};
use ayumi_core::net::{UploadPlan, UploadPlanId, UploadResult};
use ayumi_protocol::id::CaseId;
use ayumi_tests::proxy::Proxy;
use ayumi_tests::real_server::{PATIENCE, RealPhone, RealServer};

/// A photo that JPEG cannot make small: some hundred kilobytes.
fn noise() -> Vec<u8> {
    let mut state = 1_u32;
    let pixels = image::RgbImage::from_fn(1024, 768, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, red, green, blue] = state.to_be_bytes();
        image::Rgb([red, green, blue])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A participant with a photo to send.
struct Story {
    server: RealServer,
    proxy: Proxy,
    phone: RealPhone,
    case_id: CaseId,
}

impl Story {
    fn new() -> Self {
        let server = RealServer::start();
        let proxy = Proxy::before(server.address);
        let phone = RealPhone::new(&proxy.url(), 1);
        let case_id = phone.enrol(&server);
        let picture = phone.app.chat().add_picture(case_id, &noise()).unwrap();
        let message = NewMessage {
            text: "lunch".to_owned(),
            pictures: vec![picture],
            reply_to: None,
        };
        phone.app.chat().send(case_id, message).unwrap();
        Self {
            server,
            proxy,
            phone,
            case_id,
        }
    }

    fn plan(&self) -> Option<UploadPlan> {
        self.phone.app.sync().next_upload_plan(PATIENCE).unwrap()
    }

    fn report(&self, id: UploadPlanId, result: &UploadResult) {
        self.phone.app.sync().report_upload_result(id, result).unwrap();
    }

    /// What the system does with a plan: the first `most` bytes of the file reach the server, past the proxy that the app uses.
    fn send(&self, plan: &UploadPlan, most: usize) -> UploadResult {
        // The app was faster, and took the slice away.
        let Ok(file) = std::fs::read(&plan.file) else {
            return UploadResult::Failed;
        };
        assert_eq!(file.len(), plan.length_bytes as usize);
        let path = &plan.url[self.proxy.url().len()..];
        let mut head = format!(
            "{} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n",
            plan.method,
            file.len()
        );
        for (name, value) in &plan.headers {
            head.extend([name, ": ", value.as_str(), "\r\n"]);
        }
        let mut stream = TcpStream::connect(self.server.address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(b"\r\n").unwrap();
        // A server that refuses does not read on.
        let is_sent = stream.write_all(&file[..most.min(file.len())]).is_ok();
        if most < file.len() {
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
            return UploadResult::Failed;
        }
        let mut answer = Vec::new();
        let is_read = stream.read_to_end(&mut answer).is_ok();
        let text = String::from_utf8_lossy(&answer).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n").filter(|_| is_sent || is_read) else {
            return UploadResult::Failed;
        };
        let head = head.to_lowercase();
        let content_type = head
            .lines()
            .find_map(|line| line.strip_prefix("content-type: "))
            .map(str::to_owned);
        UploadResult::Answered {
            status: head[9..12].parse().unwrap(),
            content_type,
            body: body.as_bytes().to_vec(),
        }
    }

    /// How many parts the app itself sent.
    fn own_parts(&self) -> usize {
        self.proxy.requests_to("/v1/uploads/")
    }

    /// Files in the folder of slices.
    fn slices(&self) -> usize {
        let folder = self.phone.folder.path().join("app/cache/slices");
        std::fs::read_dir(folder).map_or(0, Iterator::count)
    }

    /// The message goes, and is there once with its picture.
    fn arrives_once(&self) {
        let outcome = self.phone.app.sync().sync_now(PATIENCE).unwrap();
        assert!(outcome.is_complete, "{outcome:?}");
        let waiting = self.phone.app.sync().pending().unwrap();
        assert_eq!((waiting.unsent, waiting.attention), (0, 0));
        let chat = self.phone.app.chat();
        let page = chat
            .timeline(
                self.case_id,
                PageFrom::Newest,
                100,
                &std::collections::BTreeSet::new(),
            )
            .unwrap();
        let items: Vec<_> = page
            .items
            .iter()
            .filter(|item| item.text.as_deref() == Some("lunch"))
            .collect();
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].pictures.len(), 1);
        assert!(items[0].seq.is_some());
    }
}

fn status(result: &UploadResult) -> u16 {
    match result {
        UploadResult::Answered { status, .. } => *status,
        UploadResult::Failed => 0,
    }
}

#[test]
fn what_the_system_sent_the_app_does_not_send_again() {
    let story = Story::new();
    let mut sizes = Vec::new();
    while let Some(plan) = story.plan() {
        sizes.push(plan.length_bytes);
        let result = story.send(&plan, usize::MAX);
        assert_eq!(status(&result), 200, "{result:?}");
        story.report(UploadPlanId::parse(&plan.id.to_string()).unwrap(), &result);
        assert!(!plan.file.exists());
    }
    assert_eq!(sizes.len(), 2, "a thumbnail and its picture");
    assert!(sizes[0] < sizes[1]);
    story.arrives_once();
    assert_eq!((story.own_parts(), story.slices()), (0, 0));
}

#[test]
fn whoever_comes_second_finds_nothing_to_do() {
    let story = Story::new();
    let first = story.plan().unwrap();
    let second = story.plan().unwrap();
    assert!(story.plan().is_none(), "each is planned once");
    assert_ne!(first.id, second.id);
    assert_eq!(story.slices(), 2);
    // The app comes back before the system began.
    story.arrives_once();
    assert!(story.own_parts() >= 2);
    for plan in [first, second] {
        let result = story.send(&plan, usize::MAX);
        assert!(matches!(status(&result), 0 | 200 | 409), "{result:?}");
        // Reported twice, and long after the message was settled.
        for _ in 0..2 {
            story.report(plan.id, &result);
        }
    }
    assert_eq!(story.slices(), 0);
    assert!(story.plan().is_none());
    story.arrives_once();
}

#[test]
fn both_at_once_send_each_byte_to_good_effect_and_the_message_arrives_once() {
    for _ in 0..3 {
        let story = Story::new();
        let plans = [story.plan().unwrap(), story.plan().unwrap()];
        thread::scope(|scope| {
            for plan in &plans {
                let story = &story;
                scope.spawn(move || story.report(plan.id, &story.send(plan, usize::MAX)));
            }
            scope.spawn(|| story.phone.app.sync().sync_now(PATIENCE).unwrap());
        });
        story.arrives_once();
        assert_eq!(story.slices(), 0);
    }
}

#[test]
fn after_a_force_quit_in_the_middle_the_next_start_goes_on_where_the_server_stands() {
    let story = Story::new();
    let thumbnail = story.plan().unwrap();
    let picture = story.plan().unwrap();
    // The user ends the app: the system cancels what it sends, and nobody reports anything.
    story.send(&picture, 100_000);
    story.phone.app.pause().unwrap();
    story.phone.app.resume().unwrap();
    assert!(thumbnail.file.exists(), "the system may still be at it");
    // Planned anew, from where the server is by now.
    let _ = story.plan().unwrap();
    let again = story.plan().unwrap();
    assert!(
        again.offset_bytes > 0 && again.offset_bytes <= 100_000,
        "{again:?}"
    );
    assert_eq!(again.offset_bytes + again.length_bytes, picture.length_bytes);
    story.arrives_once();
    // Nobody reports: the next start takes the slices away.
    story.phone.app.pause().unwrap();
    story.phone.app.resume().unwrap();
    assert_eq!(story.slices(), 0);
}

#[test]
fn a_token_that_was_too_old_is_an_ordinary_result_and_the_next_plan_follows() {
    let story = Story::new();
    let mut plan = story.plan().unwrap();
    let own = plan.clone();
    for (name, value) in &mut plan.headers {
        if *name == "authorization" {
            "Bearer unknown".clone_into(value);
        }
    }
    let result = story.send(&plan, usize::MAX);
    assert!(matches!(status(&result), 0 | 401), "{result:?}");
    story.report(plan.id, &result);
    let again = story.plan().unwrap();
    assert_eq!(again.id, own.id, "it is planned again");
    story.report(again.id, &UploadResult::Failed);
    story.arrives_once();
    assert_eq!(story.slices(), 0);
}

#[test]
fn an_answer_of_somebody_else_completes_nothing() {
    let story = Story::new();
    let plan = story.plan().unwrap();
    let of = |content_type: &str, body: &str| UploadResult::Answered {
        status: 200,
        content_type: Some(content_type.to_owned()),
        body: body.as_bytes().to_vec(),
    };
    let stranger = "{\"server_time_ms\":1,\"upload_id\":\"018f0000-0000-7000-8000-000000000001\",\"offset_bytes\":1,\"is_complete\":true}";
    for result in [
        of("text/html", "<html>sign in</html>"),
        of("application/json", "{}"),
        of("application/json", stranger),
        UploadResult::Failed,
    ] {
        story.report(plan.id, &result);
    }
    assert!(story.plan().is_some(), "it is still to be sent");
    story.arrives_once();
}
