//! The socket of a connection, shared with whoever asks whether its client has said something. It notes when the client does
//! not read. How long that may go on is not its affair: that is [`super::patience`].

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bridge_app::state::places::Seat;
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// Has the client said something that nobody has read yet?
pub(super) fn has_spoken(stream: &TcpStream) -> bool {
    let mut byte = [0_u8; 1];
    recv(stream, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT).is_ok_and(|(_, length)| length > 0)
}

/// A socket and the place that its connection has.
pub(super) struct Socket {
    stream: Arc<TcpStream>,
    seat: Seat,
    unread: bool,
}

impl Socket {
    pub(super) fn new(stream: Arc<TcpStream>, seat: Seat) -> Socket {
        Socket { stream, seat, unread: false }
    }

    fn write<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&TcpStream) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let written = loop {
            let Poll::Ready(can) = self.stream.poll_write_ready(cx) else { break Poll::Pending };
            match can.and_then(|()| write(&self.stream)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => break Poll::Ready(written),
            }
        };
        if self.unread != written.is_pending() {
            self.unread = written.is_pending();
            if self.unread {
                self.seat.is_slow();
            } else {
                self.seat.goes_on();
            }
        }
        written
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            let room = buf.remaining();
            let mut came = None;
            let read = self.stream.try_io(Interest::READABLE, || {
                let length = self.stream.try_read_buf(buf)?;
                came = Some(length);
                // There is no more for now: whoever waits for the next bytes need not ask the system first. Nothing at all is
                // the end, which stays readable.
                if 0 < length && length < room { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match (came, read) {
                (Some(_), _) => return Poll::Ready(Ok(())),
                (None, Err(error)) if error.kind() != io::ErrorKind::WouldBlock => {
                    return Poll::Ready(Err(error));
                }
                (None, _) => {}
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.write(cx, |stream| stream.try_write(buf))
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |stream| stream.try_write_vectored(bufs))
    }
    fn is_write_vectored(&self) -> bool {
        true
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(
            rustix::net::shutdown(&*self.stream, rustix::net::Shutdown::Write).map_err(io::Error::from),
        )
    }
}
