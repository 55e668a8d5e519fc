use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, Response, StatusCode};
use ayumi_protocol::cursor::{Audience, LogName};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::CaseId;
use ayumi_protocol::problem::Problem;
use ayumi_protocol::upload::UploadAnswer;
use ayumi_protocol::wire::Wire as _;
use futures_util::FutureExt as _;
use object_store::ObjectStore;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::picture_header::tests::jpeg_of;
use super::{collect, objects};
use crate::host::ManualTime;
use crate::http::extract::sha256;
use crate::policy::Policy;
use crate::server::{Parts, Server, boxed};
use crate::store::{Running, SqliteStore};
use crate::testing::seeded_host;

const TOKEN: &str = "token";

struct Node {
    server: Server,
    router: Router,
    time: ManualTime,
    folder: tempfile::TempDir,
}

const fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// A node with one participant, who has consented and is signed in.
fn node(objects: impl FnOnce(&std::path::Path) -> Arc<dyn ObjectStore>, policy: Policy) -> Node {
    let folder = tempfile::tempdir().unwrap();
    let (host, time) = seeded_host(1);
    let store = SqliteStore::open(folder.path(), Running::Inline, &host).unwrap();
    let server = Server::new(Parts::new(host, Arc::new(store), objects(folder.path()), policy));
    let filled = server.write(sha256(TOKEN.as_bytes()), |tx, token| {
        boxed(async move {
            tx.execute("INSERT INTO account (account_id, is_staff, name, status, created_at_ms) VALUES ($1, 0, 'x', 'active', 0)", &[id(1).into()]).await?;
            tx.execute("INSERT INTO case_head (case_id, society_id, account_id, name, opened_at_ms, care_seq, staff_seq, advice_seq, audit_seq, audit_hash, consent, consent_version) VALUES ($1, $2, $3, 'x', 0, 0, 0, 0, 0, $4, 'given', '1')", &[id(2).into(), id(3).into(), id(1).into(), [0_u8; 32].into()]).await?;
            tx.execute("INSERT INTO session (account_id, session_id, device_id, platform, model, app_version, signed_in_at_ms, last_seen_at_ms, expires_at_ms, idle_expires_at_ms) VALUES ($1, $2, $3, 'ios', 'x', '1.0.0', 0, 0, $4, $4)", &[id(1).into(), id(4).into(), id(5).into(), i64::MAX.into()]).await?;
            tx.execute("INSERT INTO token_pair (account_id, session_id, generation, salt, access_hash, refresh_hash, made_at_ms, access_expires_at_ms) VALUES ($1, $2, 1, $3, $4, $3, 0, $5)", &[id(1).into(), id(4).into(), [0_u8; 32].into(), (*token).into(), i64::MAX.into()]).await?;
            tx.execute("INSERT INTO token (token_hash, account_id, session_id, generation, is_refresh) VALUES ($1, $2, $3, 1, 0)", &[(*token).into(), id(1).into(), id(4).into()]).await?;
            Ok(())
        })
    });
    filled.now_or_never().unwrap().unwrap();
    Node {
        router: crate::http::router(server.clone()),
        server,
        time,
        folder,
    }
}

fn in_memory(policy: Policy) -> Node {
    node(|_| objects::in_memory(), policy)
}

impl Node {
    fn call(&self, request: Request<Body>) -> Response<Body> {
        let answer = self.router.clone().oneshot(request);
        answer
            .now_or_never()
            .expect("an answer without a runtime")
            .unwrap()
    }

    fn post(&self, path: &str, body: String) -> Response<Body> {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/json");
        self.call(request.body(Body::from(body)).unwrap())
    }

    fn create(&self, picture: &[u8], hash: Sha256) -> Response<Body> {
        let log = log();
        let length = picture.len();
        self.post("/v1/uploads", format!(r#"{{"log":{log},"sha256":"{hash}","length_bytes":{length},"media_type":"image/jpeg","width_px":64,"height_px":48}}"#))
    }

    fn created(&self, picture: &[u8]) -> UploadAnswer {
        progress(self.create(picture, sha256(picture)))
    }

    fn patch(&self, upload: &UploadAnswer, offset: usize, body: Body) -> Response<Body> {
        let request = Request::patch(format!("/v1/uploads/{}", upload.upload_id))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/offset+octet-stream")
            .header("upload-offset", offset);
        self.call(request.body(body).unwrap())
    }

    fn garbage(&self) -> i64 {
        let counted = self.server.read((), |tx, ()| {
            boxed(async move {
                Ok(tx
                    .row("SELECT COUNT(*) FROM garbage", &[])
                    .await?
                    .unwrap()
                    .get(0)?)
            })
        });
        counted.now_or_never().unwrap().unwrap()
    }

    fn picture(&self, picture: &[u8]) -> Response<Body> {
        let (log, hash) = (log(), sha256(picture));
        self.post("/v1/picture", format!(r#"{{"log":{log},"sha256":"{hash}"}}"#))
    }
}

fn log() -> String {
    let log = LogName {
        case_id: CaseId::from_uuid(id(2)),
        audience: Audience::Care,
    };
    serde_json::to_string(&log).unwrap()
}

fn bytes(response: Response<Body>) -> Bytes {
    to_bytes(response.into_body(), usize::MAX)
        .now_or_never()
        .unwrap()
        .unwrap()
}

fn progress(response: Response<Body>) -> UploadAnswer {
    let status = response.status();
    let bytes = bytes(response);
    assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&bytes));
    UploadAnswer::parse(&bytes).unwrap()
}

fn refusal(response: Response<Body>) -> String {
    Problem::parse(&bytes(response)).unwrap().code.as_str().to_owned()
}

fn picture() -> Vec<u8> {
    jpeg_of(64, 48, None)
}

#[test]
fn a_picture_that_was_sent_in_two_parts_is_delivered_as_it_was() {
    let node = in_memory(Policy::default());
    let picture = picture();
    let upload = node.created(&picture);
    let half = progress(node.patch(&upload, 0, Body::from(picture[..20].to_vec())));
    assert_eq!((half.offset_bytes, half.is_complete), (20, false));
    assert_eq!(node.picture(&picture).status(), StatusCode::NOT_FOUND);
    assert!(progress(node.patch(&upload, 20, Body::from(picture[20..].to_vec()))).is_complete);
    let answer = node.picture(&picture);
    assert_eq!(answer.headers()["content-disposition"], "attachment");
    assert_eq!(answer.headers()["cache-control"], "private, no-store");
    assert_eq!(bytes(answer), picture);
}

#[test]
fn f41_what_came_before_a_cut_connection_is_kept_and_a_wrong_offset_learns_the_true_one() {
    let node = in_memory(Policy::default());
    let picture = picture();
    let upload = node.created(&picture);
    let frames = [
        Ok(Bytes::from(picture[..7].to_vec())),
        Err(std::io::Error::other("cut")),
    ];
    let cut = node.patch(&upload, 0, Body::from_stream(futures_util::stream::iter(frames)));
    assert_eq!(refusal(cut), "request_timeout");
    let wrong = node.patch(&upload, 0, Body::from(picture.clone()));
    assert_eq!(wrong.headers()["upload-offset"], "7");
    assert_eq!(refusal(wrong), "offset_mismatch");
    assert!(progress(node.patch(&upload, 7, Body::from(picture[7..].to_vec()))).is_complete);
}

/// Every byte, and then the connection ends before the picture is complete: as when the client or the node dies at that moment.
fn sent_and_cut(bytes: &[u8]) -> Body {
    let frames = [Ok(Bytes::from(bytes.to_vec())), Err(std::io::Error::other("cut"))];
    Body::from_stream(futures_util::stream::iter(frames))
}

#[test]
fn a_picture_that_stands_before_its_completion_is_completed_when_it_is_announced_again() {
    let node = in_memory(Policy::default());
    let picture = picture();
    let upload = node.created(&picture);
    assert_eq!(
        refusal(node.patch(&upload, 0, sent_and_cut(&picture))),
        "request_timeout"
    );
    assert_eq!(node.picture(&picture).status(), StatusCode::NOT_FOUND);
    let again = node.created(&picture);
    assert_eq!((again.upload_id, again.is_complete), (upload.upload_id, true));
    assert_eq!(bytes(node.picture(&picture)), picture);
}

#[test]
fn one_that_is_not_what_was_announced_is_refused_then_and_begins_again() {
    let node = in_memory(Policy::default());
    let (picture, mut other) = (picture(), picture());
    let at = other.len() - 5;
    other[at] ^= 1;
    let upload = node.created(&picture);
    assert_eq!(
        refusal(node.patch(&upload, 0, sent_and_cut(&other))),
        "request_timeout"
    );
    assert_eq!(refusal(node.create(&picture, sha256(&picture))), "hash_mismatch");
    assert_eq!(node.created(&picture).offset_bytes, 0);
    assert!(progress(node.patch(&upload, 0, Body::from(picture))).is_complete);
}

#[test]
fn whoever_comes_second_finds_nothing_to_do() {
    let node = in_memory(Policy::default());
    let picture = picture();
    let upload = node.created(&picture);
    assert!(progress(node.patch(&upload, 0, Body::from(picture.clone()))).is_complete);
    assert!(progress(node.patch(&upload, picture.len(), Body::empty())).is_complete);
    let again = node.created(&picture);
    assert_eq!((again.upload_id, again.is_complete), (upload.upload_id, true));
}

#[test]
fn bytes_that_were_not_announced_are_refused() {
    let node = in_memory(Policy::default());
    let (picture, mut other) = (picture(), picture());
    let upload = node.created(&picture);
    let mut longer = picture.clone();
    longer.push(0);
    assert_eq!(refusal(node.patch(&upload, 0, Body::from(longer))), "too_large");
    let at = other.len() - 5;
    other[at] ^= 1;
    assert_eq!(
        refusal(node.patch(&upload, 0, Body::from(other))),
        "hash_mismatch"
    );
    assert!(progress(node.patch(&upload, 0, Body::from(picture))).is_complete);
    let located = jpeg_of(64, 48, Some((0xe1, b"Exif\0\0")));
    let upload = node.created(&located);
    assert_eq!(
        refusal(node.patch(&upload, 0, Body::from(located))),
        "metadata_present"
    );
}

#[test]
fn an_account_uploads_so_much_in_a_day_and_again_on_the_next() {
    let picture = picture();
    let node = in_memory(Policy {
        upload_bytes_per_day: picture.len() as u64,
        ..Policy::default()
    });
    node.created(&picture);
    let other = Sha256::from_bytes([7; 32]);
    let refused = node.create(&picture, other);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(refusal(refused), "upload_quota_reached");
    node.created(&picture);
    node.time.advance(Duration::from_hours(24));
    progress(node.create(&picture, other));
}

#[test]
fn f72_while_the_object_store_fails_nothing_is_lost_and_later_it_goes_on() {
    let node = node(
        |folder| objects::in_folder(&folder.join("objects")).unwrap(),
        Policy::default(),
    );
    let picture = picture();
    let upload = node.created(&picture);
    let blocked = node.folder.path().join("objects/pictures");
    std::fs::write(&blocked, b"").unwrap();
    assert_eq!(
        refusal(node.patch(&upload, 0, Body::from(picture.clone()))),
        "unavailable"
    );
    assert_eq!(node.garbage(), 1, "nobody knows how much of it was written");
    std::fs::remove_file(&blocked).unwrap();
    assert!(progress(node.patch(&upload, 0, Body::from(picture.clone()))).is_complete);
    assert_eq!(bytes(node.picture(&picture)), picture);
}

#[test]
fn an_upload_that_no_entry_names_is_collected_after_its_time() {
    let node = in_memory(Policy::default());
    let picture = picture();
    let upload = node.created(&picture);
    progress(node.patch(&upload, 0, Body::from(picture.clone())));
    let collect = || {
        collect::collect_uploads(&node.server, 10)
            .now_or_never()
            .unwrap()
            .unwrap();
        collect::empty_garbage(&node.server, 10)
            .now_or_never()
            .unwrap()
            .unwrap();
    };
    collect();
    assert_eq!(node.picture(&picture).status(), StatusCode::OK);
    node.time
        .advance(Policy::default().upload_kept + Duration::from_secs(1));
    collect();
    assert_eq!(node.picture(&picture).status(), StatusCode::NOT_FOUND);
    node.time.advance(Duration::from_hours(2));
    collect();
    let left = futures_util::StreamExt::count(node.server.objects.list(None));
    assert_eq!(left.now_or_never().unwrap(), 0);
}

#[test]
fn an_object_that_no_row_came_to_name_is_removed_and_one_that_is_named_stays() {
    let node = in_memory(Policy::default());
    let picture = picture();
    let upload = node.created(&picture);
    let half = progress(node.patch(&upload, 0, Body::from(picture[..20].to_vec())));
    assert_eq!(node.garbage(), 0);
    // A second request with the same bytes comes while this one is sent: its part is not named.
    let (router, at) = (node.router.clone(), upload.upload_id);
    let rest = picture[20..].to_vec();
    let stream = futures_util::stream::once(async move {
        let request = Request::patch(format!("/v1/uploads/{at}"))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/offset+octet-stream")
            .header("upload-offset", 20);
        let answer = router.oneshot(request.body(Body::from(rest.clone())).unwrap());
        assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
        Ok::<_, std::io::Error>(Bytes::from(rest))
    });
    let slow = node.patch(&half, 20, Body::from_stream(stream));
    assert_eq!(refusal(slow), "offset_mismatch");
    // Two parts, and the one that came too late.
    assert_eq!(node.garbage(), 3);
    node.time.advance(Duration::from_hours(2));
    collect::empty_garbage(&node.server, 10)
        .now_or_never()
        .unwrap()
        .unwrap();
    assert_eq!(node.garbage(), 0);
    let left = futures_util::StreamExt::count(node.server.objects.list(None));
    assert_eq!(left.now_or_never().unwrap(), 1);
    assert_eq!(bytes(node.picture(&picture)), picture);
}
