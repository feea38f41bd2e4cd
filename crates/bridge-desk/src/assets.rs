//! Style sheet, scripts and icon, from the binary. Each is asked for under a name that holds its hash, so a browser
//! keeps it for ever and has the new one at once after an update.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bridge_core::onboarding::hex;
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
