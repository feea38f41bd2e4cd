//! A QR code as one SVG path.

use std::fmt::Write;

use qrcode::{Color, QrCode};

/// A QR code.
#[derive(Clone, Debug, Default)]
pub(crate) struct Qr {
    /// Modules on each side.
    pub(crate) size: usize,
    /// The dark ones, each one unit wide.
    pub(crate) path: String,
}

impl Qr {
    /// Of this text; nothing is drawn where it is too long for a code.
    pub(crate) fn of(text: &str) -> Qr {
        let Ok(code) = QrCode::new(text) else { return Qr::default() };
        let size = code.width();
        let mut path = String::new();
        for (n, color) in code.into_colors().into_iter().enumerate() {
            if color == Color::Dark {
                let _ = write!(path, "M{} {}h1v1h-1z", n % size, n / size);
            }
        }
        Qr { size, path }
    }
}
