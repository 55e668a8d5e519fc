//! Connections on which the other side takes nothing: they end, so that nobody holds a socket and a file for ever.
//!
//! It has to be seen at the socket: while nothing is taken from it, nobody asks the body of an answer for more.

use std::future::{Ready, ready};
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Accepts connections that fail once nothing of what is written was taken for this long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taking(pub(super) Duration);

impl<Stream, Service> Accept<Stream, Service> for Taking {
    type Stream = Taken<Stream>;
    type Service = Service;
    type Future = Ready<io::Result<(Taken<Stream>, Service)>>;

    fn accept(&self, stream: Stream, service: Service) -> Self::Future {
        let stream = Taken {
            stream,
            most: self.0,
            stalled: None,
        };
        ready(Ok((stream, service)))
    }
}

/// A connection whose writes fail when they have waited for too long.
#[derive(Debug)]
pub(super) struct Taken<Stream> {
    stream: Stream,
    most: Duration,
    /// Ends when the present wait has been too long.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<Stream> Taken<Stream> {
    fn bounded<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let most = self.most;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(most)));
        stalled
            .as_mut()
            .poll(context)
            .map(|()| Err(ErrorKind::TimedOut.into()))
    }
}

impl<Stream: AsyncRead + Unpin> AsyncRead for Taken<Stream> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<Stream: AsyncWrite + Unpin> AsyncWrite for Taken<Stream> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.bounded(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.bounded(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.stream).poll_shutdown(context);
        self.bounded(context, ended)
    }
}
