//! The two ways in which metrics are written: OpenMetrics, and the text that Prometheus had before it. Which of them a client
//! is given, and how the one becomes the other. Not what is measured.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// How metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exposition {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus' text format 0.0.4.
    Text,
}

const OPEN_METRICS: &str = "application/openmetrics-text";

impl Exposition {
    /// OpenMetrics for whoever asks for it and wants no text more; text for everybody else.
    pub(crate) fn wanted(headers: &HeaderMap) -> Exposition {
        let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
        let (mut open_metrics, mut text) = (0.0_f32, 0.0_f32);
        for wanted in lines.flat_map(|line| line.split(',')) {
            let mut parts = wanted.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            match kind.as_str() {
                OPEN_METRICS => open_metrics = open_metrics.max(weight),
                "text/plain" => text = text.max(weight),
                _ => {}
            }
        }
        if open_metrics > 0.0 && open_metrics >= text { Exposition::OpenMetrics } else { Exposition::Text }
    }

    /// Its content type.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Exposition::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Exposition::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// What is written as OpenMetrics, written so.
    pub(crate) fn of(self, open_metrics: String) -> String {
        match self {
            Exposition::OpenMetrics => open_metrics,
            Exposition::Text => text(&open_metrics),
        }
    }
}

/// A counter is called as its samples are, there are no units, no end, and nothing behind a value.
fn text(open_metrics: &str) -> String {
    let mut out = String::with_capacity(open_metrics.len());
    let mut help = None;
    let mut line_of = |line: &str| {
        out.push_str(line);
        out.push('\n');
    };
    for line in open_metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            // It comes before the type, which says what it is called.
            help = rest.split_once(' ').map(|(_, words)| words);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, "unknown"));
            let (suffix, kind) = match kind {
                "counter" => ("_total", kind),
                "gauge" | "histogram" | "summary" => ("", kind),
                "info" => ("_info", "gauge"),
                _ => ("", "untyped"),
            };
            if let Some(help) = help.take() {
                line_of(&format!("# HELP {name}{suffix} {help}"));
            }
            line_of(&format!("# TYPE {name}{suffix} {kind}"));
        } else if !line.starts_with('#') {
            line_of(line.split_once(" # {").map_or(line, |(sample, _)| sample));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn who_prefers_text_has_text() {
        let of_prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, expected) in [
            (None, Exposition::Text),
            (Some("*/*"), Exposition::Text),
            (Some("text/plain"), Exposition::Text),
            (Some("text/plain;version=0.0.4;q=1, application/openmetrics-text; q=0.9"), Exposition::Text),
            (Some("application/openmetrics-text; q=0"), Exposition::Text),
            (Some("Application/OpenMetrics-Text"), Exposition::OpenMetrics),
            (Some(of_prometheus), Exposition::OpenMetrics),
        ] {
            let value = accept.map(|accept| (ACCEPT, HeaderValue::from_static(accept)));
            assert_eq!(Exposition::wanted(&value.into_iter().collect()), expected, "{accept:?}");
        }
    }

    #[test]
    fn text_has_names_as_samples_have_and_no_more_than_it_may() {
        let open_metrics = "# HELP a_requests How many.\n# TYPE a_requests counter\n# UNIT a_requests x\n\
            a_requests_total{b=\"# c\"} 1 # {id=\"7\"} 1.0\n# HELP a_open Open.\n# TYPE a_open gauge\na_open 2\n\
            # HELP a_build The build.\n# TYPE a_build info\na_build_info{v=\"1\"} 1\n# TYPE a unknown\na 3\n# EOF\n";
        let expected = "# HELP a_requests_total How many.\n# TYPE a_requests_total counter\n\
            a_requests_total{b=\"# c\"} 1\n# HELP a_open Open.\n# TYPE a_open gauge\na_open 2\n\
            # HELP a_build_info The build.\n# TYPE a_build_info gauge\na_build_info{v=\"1\"} 1\n# TYPE a untyped\na 3\n";
        assert_eq!(Exposition::Text.of(open_metrics.to_owned()), expected);
        assert_eq!(Exposition::OpenMetrics.of(open_metrics.to_owned()), open_metrics);
    }
}
