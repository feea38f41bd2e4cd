//! Plans as a picture: a row for each, a box for each machine. Plain SVG that needs no font and no script of ours.

use std::fmt::Write as _;

use super::reckon::{Machines, Plan};
use super::told;

const WIDTH: u64 = 960;
const HEAD: u64 = 44;
const ROW: u64 = 118;
const LEFT: u64 = 24;
const BOX: u64 = 94;
const GAP: u64 = 8;
/// More of one kind are written as a number.
const DRAWN_MAX: u64 = 3;

/// The picture of these plans, one below the other.
pub(crate) fn draw(plans: &[Plan]) -> String {
    let height = HEAD + ROW * plans.len() as u64 + 16;
    // Writing to a String cannot fail.
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\" role=\"img\">\n<title>Which set-up for how many SMS a day</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    let _ = writeln!(svg, "{}", text(LEFT, 28, 16, "#111", "Which set-up for how many SMS a day"));
    for (at, plan) in plans.iter().enumerate() {
        row(&mut svg, HEAD + ROW * at as u64, plan);
    }
    svg += "</svg>\n";
    svg
}

fn row(svg: &mut String, top: u64, plan: &Plan) {
    let _ = writeln!(
        svg,
        "<line x1=\"{LEFT}\" y1=\"{top}\" x2=\"{}\" y2=\"{top}\" stroke=\"#ddd\"/>",
        WIDTH - LEFT
    );
    let lines = [
        (18, 15, "#111", told::people(plan.sms_per_day)),
        (36, 11, "#444", format!("{:.1} a second", plan.mean_per_second)),
        (52, 11, "#444", format!("{:.0} at ten times", plan.peak_per_second)),
        (68, 11, "#444", format!("p99 there {:.0} ms", plan.p99_ms_at_peak)),
        (84, 11, "#444", format!("{} of disk a year", told::bytes(plan.disk_gb_a_year))),
    ];
    for (down, size, colour, line) in lines {
        let _ = writeln!(svg, "{}", text(LEFT, top + down + 4, size, colour, &line));
    }
    let mut left = 190;
    for machines in &plan.machines {
        left = boxes(svg, left, top + 12, machines);
    }
}

/// The machines of one kind; answers where the next begin.
fn boxes(svg: &mut String, left: u64, top: u64, of: &Machines) -> u64 {
    let (colour, name) = match of.what {
        what if what.starts_with("Redis") => ("#fde2e0", "Redis"),
        what if what.starts_with("Postgre") => ("#dfe9fb", "PostgreSQL"),
        what if what.starts_with("Sentinel") => ("#f1f1f1", "Sentinel"),
        what => ("#e2f3e4", what),
    };
    let drawn = of.count.min(DRAWN_MAX);
    // Behind one another, the first in front.
    for at in (0..drawn).rev() {
        let _ = writeln!(
            svg,
            "<rect x=\"{}\" y=\"{}\" width=\"{BOX}\" height=\"66\" rx=\"4\" fill=\"{colour}\" stroke=\"#888\"/>",
            left + at * 5,
            top + at * 5
        );
    }
    let count = if of.count > 1 { format!("{} × ", of.count) } else { String::new() };
    let lines = [
        (16, 10, format!("{count}{name}")),
        (32, 10, format!("{} cores", of.cores)),
        (46, 10, told::bytes(of.memory_gb as f64)),
        (60, 10, format!("disk {}", told::bytes(of.disk_gb as f64))),
    ];
    for (down, size, line) in lines {
        let _ = writeln!(svg, "{}", text(left + 5, top + down, size, "#111", &line));
    }
    left + BOX + (drawn - 1) * 5 + GAP * 2
}

fn text(x: u64, y: u64, size: u64, colour: &str, line: &str) -> String {
    let line = line.replace('&', "&amp;").replace('<', "&lt;");
    format!("<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{colour}\">{line}</text>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::reckon::plan;

    #[test]
    fn every_row_fits_into_the_picture() {
        let plans = [plan(1e3), plan(2e6), plan(5e7), plan(1e9)];
        let svg = draw(&plans);
        let right = |line: &str| {
            let x: u64 = line.split("x=\"").nth(1)?.split('"').next()?.parse().ok()?;
            Some(x + BOX)
        };
        let boxes = svg.lines().filter(|line| line.starts_with("<rect x")).filter_map(right);
        assert!(boxes.clone().count() > 8 && boxes.max() < Some(WIDTH));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }
}
