//! Charts as SVG geometry: numbers in, rectangles out. The template draws them; the style sheet colours them.

/// The drawing area, in SVG units.
pub(crate) const WIDTH: f64 = 720.0;
/// Its height without the axis.
pub(crate) const HEIGHT: f64 = 120.0;

/// One rectangle, in the coordinates of the SVG.
#[derive(Clone, Debug)]
pub(crate) struct Rect {
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) width: String,
    pub(crate) height: String,
    /// For the style sheet.
    pub(crate) class: &'static str,
    /// The text that is shown on hover.
    pub(crate) title: String,
}

/// Part of one bar.
pub(crate) struct Part {
    pub(crate) value: u64,
    pub(crate) class: &'static str,
}

/// One moment of a chart over time.
pub(crate) struct Bar {
    /// From below to above.
    pub(crate) parts: Vec<Part>,
    /// The text that is shown on hover.
    pub(crate) title: String,
}

/// Bars over time, stacked, all on one scale.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bars {
    pub(crate) rects: Vec<Rect>,
    /// The value of the highest bar: the top of the scale.
    pub(crate) top: u64,
}

impl Bars {
    /// From the oldest to the newest.
    pub(crate) fn of(bars: &[Bar]) -> Bars {
        let sum = |bar: &Bar| bar.parts.iter().map(|part| part.value).sum::<u64>();
        let top = bars.iter().map(sum).max().unwrap_or(0);
        let slot = WIDTH / bars.len().max(1) as f64;
        let gap = (slot * 0.15).min(2.0);
        let mut rects = Vec::new();
        for (n, bar) in bars.iter().enumerate() {
            let mut below = 0;
            for part in bar.parts.iter().filter(|part| part.value > 0) {
                let height = HEIGHT * part.value as f64 / top as f64;
                below += part.value;
                rects.push(Rect {
                    x: format!("{:.2}", slot * n as f64 + gap / 2.0),
                    y: format!("{:.2}", HEIGHT - HEIGHT * below as f64 / top as f64),
                    width: format!("{:.2}", slot - gap),
                    height: format!("{height:.2}"),
                    class: part.class,
                    title: bar.title.clone(),
                });
            }
        }
        Bars { rects, top }
    }
}

/// Where on the width a moment lies: for marks.
pub(crate) fn place(at: i64, from: i64, to: i64) -> String {
    let span = (to - from).max(1) as f64;
    format!("{:.2}", (WIDTH * (at - from) as f64 / span).clamp(0.0, WIDTH))
}

/// A share of a whole in percent, for bars that lie.
pub(crate) fn share(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100).checked_div(whole).unwrap_or(0).min(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_stacked_on_one_scale() {
        let bar = |values: &[u64]| Bar {
            parts: values.iter().map(|&value| Part { value, class: "good" }).collect(),
            title: String::new(),
        };
        let bars = Bars::of(&[bar(&[1, 1]), bar(&[0, 4])]);
        assert_eq!(bars.top, 4);
        let heights: Vec<&str> = bars.rects.iter().map(|rect| rect.height.as_str()).collect();
        assert_eq!(heights, ["30.00", "30.00", "120.00"]);
        assert!(Bars::of(&[]).rects.is_empty() && Bars::of(&[bar(&[0])]).rects.is_empty());
    }

    #[test]
    fn places_and_shares_stay_within() {
        assert_eq!(
            (place(5, 0, 10), place(-5, 0, 10), place(3, 3, 3)),
            ("360.00".into(), "0.00".into(), "0.00".into())
        );
        assert_eq!((share(1, 4), share(0, 0), share(9, 4)), (25, 0, 100));
    }
}
