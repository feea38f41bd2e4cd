//! Style sheet, scripts and icon, from the binary. Each is asked for under a name that holds its hash, so a browser
//! keeps it for ever and has the new one at once after an update.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bridge_core::onboarding::hex;
use serde_json::json;
use sha2::{Digest, Sha256};

struct Asset {
    file: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

/// To add a file, add a line.
static ASSETS: &[Asset] = &[
    Asset { file: "desk.css", kind: "text/css; charset=utf-8", bytes: include_bytes!("../assets/desk.css") },
    Asset {
        file: "desk.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/desk.js"),
    },
    Asset {
        file: "setup.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/setup.js"),
    },
    Asset { file: "icon-180.png", kind: "image/png", bytes: include_bytes!("../assets/icon-180.png") },
    Asset { file: "icon-192.png", kind: "image/png", bytes: include_bytes!("../assets/icon-192.png") },
    Asset { file: "icon-512.png", kind: "image/png", bytes: include_bytes!("../assets/icon-512.png") },
    Asset { file: "icon.svg", kind: "image/svg+xml", bytes: include_bytes!("../assets/icon.svg") },
];

static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let name = |asset: &Asset| format!("{}-{}", &hex(&Sha256::digest(asset.bytes))[..12], asset.file);
    ASSETS.iter().map(name).collect()
});

/// Where the page finds that file.
pub(super) fn url(file: &str) -> String {
    let place = ASSETS.iter().position(|asset| asset.file == file);
    let name = place.and_then(|n| NAMES.get(n)).map_or(file, String::as_str);
    format!("/admin/ui/assets/{name}")
}

pub(super) async fn asset(Path(name): Path<String>) -> Response {
    match NAMES.iter().position(|known| *known == name).and_then(|n| ASSETS.get(n)) {
        Some(asset) => {
            let headers = [
                (header::CONTENT_TYPE, asset.kind),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, asset.bytes).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What a phone puts on its home screen.
pub(super) async fn manifest() -> Response {
    let icon = |size: &str| {
        json!({"src": url(&format!("icon-{size}.png")), "sizes": format!("{size}x{size}"), "type": "image/png",
            "purpose": "any maskable"})
    };
    let manifest = json!({
        "name": "SMS Bridge", "short_name": "SMS Bridge", "id": "/admin", "start_url": "/admin", "scope": "/admin",
        "display": "standalone", "background_color": "#f6f7f9", "theme_color": "#2457d6",
        "icons": [icon("192"), icon("512")],
    });
    ([(header::CONTENT_TYPE, "application/manifest+json")], manifest.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_name_with_its_hash() {
        for asset in ASSETS {
            assert!(url(asset.file).len() > "/admin/ui/assets/".len() + asset.file.len());
        }
    }
}
