//! A connection whose reader does not read is given up after a while. Not what is read from it: headers and bodies have
//! limits of their own.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// What the system keeps of answers that are not read yet: by itself it keeps megabytes for each connection.
const KEPT_BYTES: usize = 64 * 1024;

/// Lets the system keep no more than a few answers.
pub(super) fn keep_little(stream: &TcpStream) {
    // Where it cannot, it keeps more.
    let _ = rustix::net::sockopt::set_socket_send_buffer_size(stream, KEPT_BYTES);
}

/// Lets the system end a connection whose other end is gone or stands still: a stream that writes little would not find out.
pub(super) fn notice_the_dead(stream: &TcpStream, limit: Duration) {
    #[cfg(target_os = "linux")]
    {
        let millis = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
        // Where the system cannot do it, the limit of each write is left.
        let _ = rustix::net::sockopt::set_tcp_user_timeout(stream, millis);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (stream, limit);
}

/// A stream that waits for its reader only so long.
pub(super) struct Patient<S> {
    stream: S,
    limit: Duration,
    /// While nothing can be written.
    until: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, limit: Duration) -> Patient<S> {
        Patient { stream, limit, until: None }
    }

    fn waited<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.until = None;
            return written;
        }
        let limit = self.limit;
        let until = self.until.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        until.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.waited(cx, written)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.waited(cx, written)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// Its reader reads so many bytes, and no more.
    struct Reads(usize);

    impl AsyncWrite for Reads {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            let written = self.0.min(buf.len());
            self.0 -= written;
            if written == 0 { Poll::Pending } else { Poll::Ready(Ok(written)) }
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn a_reader_who_does_not_read_is_given_up() {
        let mut stream = Patient::new(Reads(7), Duration::ZERO);
        let mut write = async || poll_fn(|cx| Pin::new(&mut stream).poll_write(cx, b"12345")).await;
        assert_eq!((write().await.unwrap(), write().await.unwrap()), (5, 2));
        assert_eq!(write().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
