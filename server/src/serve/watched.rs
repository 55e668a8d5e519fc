//! Long answers that nobody takes any more: what they read from is closed.
//!
//! The socket tells when a whole connection stalls. With HTTP/2 one stream can be held back while the connection lives on, and its
//! body is asked for nothing then; so somebody else looks after it.

use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::host::Time;

/// A shorter answer is in memory as a whole and costs little.
const SHORT_BYTES: u64 = 64 * 1024;

/// Closes the body of a long answer when it was not asked for more for this long.
pub(super) fn watch(response: Response, time: &Arc<dyn Time>, most: Duration) -> Response {
    let is_short = response
        .body()
        .size_hint()
        .exact()
        .is_some_and(|bytes| bytes <= SHORT_BYTES);
    if is_short {
        return response;
    }
    response.map(|body| Body::new(Watched::new(body, Arc::clone(time), most)))
}

/// What the body and its watcher share.
struct Shared {
    /// `None` once it was closed.
    body: Option<Body>,
    has_been_asked: bool,
    /// Of whoever waits for the next frame.
    waker: Option<Waker>,
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Watched {
    shared: Arc<Mutex<Shared>>,
    watcher: JoinHandle<()>,
}

impl Watched {
    fn new(body: Body, time: Arc<dyn Time>, most: Duration) -> Self {
        let shared = Arc::new(Mutex::new(Shared {
            body: Some(body),
            has_been_asked: false,
            waker: None,
        }));
        let watched = Arc::clone(&shared);
        let watcher = tokio::spawn(async move {
            loop {
                time.sleep(most).await;
                let mut shared = lock(&watched);
                if !std::mem::take(&mut shared.has_been_asked) {
                    shared.body = None;
                    if let Some(waker) = shared.waker.take() {
                        waker.wake();
                    }
                    return;
                }
            }
        });
        Self { shared, watcher }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut shared = lock(&self.shared);
        shared.has_been_asked = true;
        let Some(body) = &mut shared.body else {
            let error = std::io::Error::from(ErrorKind::TimedOut);
            return Poll::Ready(Some(Err(axum::Error::new(error))));
        };
        let polled = Pin::new(body).poll_frame(context);
        shared.waker = polled.is_pending().then(|| context.waker().clone());
        polled
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.shared)
            .body
            .as_ref()
            .is_some_and(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let shared = lock(&self.shared);
        shared.body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use futures_util::StreamExt as _;
    use futures_util::stream;

    use super::*;
    use crate::host::ManualTime;

    const MOST: Duration = Duration::from_mins(1);

    /// A long answer that reads from `file`.
    fn answer(file: Arc<()>, time: &Arc<dyn Time>) -> Response {
        let frames = stream::iter(0..1000).map(move |_| {
            drop(Arc::clone(&file));
            Ok::<_, std::io::Error>(Bytes::from_static(&[0; 1024]))
        });
        watch(Response::new(Body::from_stream(frames)), time, MOST)
    }

    /// Lets the watcher run.
    async fn pass(time: &ManualTime, duration: Duration) {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        time.advance(duration);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    fn opened() -> (ManualTime, Weak<()>, axum::body::BodyDataStream) {
        let manual = ManualTime::default();
        let time: Arc<dyn Time> = Arc::new(manual.clone());
        let file = Arc::new(());
        let is_open = Arc::downgrade(&file);
        (
            manual,
            is_open,
            answer(file, &time).into_body().into_data_stream(),
        )
    }

    #[tokio::test]
    async fn an_answer_of_which_nothing_is_taken_is_closed_and_fails() {
        let (time, file, mut body) = opened();
        assert!(body.next().await.unwrap().is_ok());
        pass(&time, MOST).await;
        assert!(file.upgrade().is_some(), "something was taken");
        pass(&time, MOST).await;
        assert!(file.upgrade().is_none());
        assert!(body.next().await.unwrap().is_err());
    }

    #[tokio::test]
    async fn an_answer_that_is_taken_slowly_is_given_whole() {
        let (time, file, mut body) = opened();
        let mut frames = 0;
        while let Some(frame) = body.next().await {
            frame.unwrap();
            frames += 1;
            pass(&time, MOST).await;
        }
        assert_eq!(frames, 1000);
        drop(body);
        pass(&time, MOST).await;
        assert!(file.upgrade().is_none());
    }
}
