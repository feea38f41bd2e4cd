//! `cargo xtask plan`: which set-up so many SMS a day need, from a Pi to a country, and what it takes of machines,
//! memory and disk. A calculation from figures that were measured; it measures nothing.

mod measured;
mod picture;
mod reckon;
mod told;

use std::path::PathBuf;

use self::reckon::Plan;
use crate::Outcome;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// SMS in an ordinary day, like 50e6; several, comma-separated [default: from a village to a large country]
    #[arg(long, value_delimiter = ',', value_parser = sms, value_name = "N")]
    sms_per_day: Vec<f64>,
    /// The plan as JSON, with the figures it is made from
    #[arg(long)]
    json: bool,
    /// The plan and its figures as the documentation has them
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Also draw it
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// What the documentation shows.
const SHOWN: &[f64] = &[1e3, 1e5, 1e6, 1e7, 5e7, 2e8];
const SMS_MAX: f64 = 1e10;

fn sms(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "give a number of SMS, like 20000 or 50e6".to_owned())?;
    if (1.0..=SMS_MAX).contains(&number) { Ok(number) } else { Err("give 1 to 10e9 SMS a day".to_owned()) }
}

pub(crate) fn run(args: &Args) -> Outcome {
    let asked = if args.sms_per_day.is_empty() { SHOWN } else { &args.sms_per_day };
    let plans: Vec<Plan> = asked.iter().map(|sms| reckon::plan(*sms)).collect();
    if let Some(file) = &args.svg {
        std::fs::write(file, picture::draw(&plans)).map_err(|why| format!("{}: {why}", file.display()))?;
    }
    if args.json {
        let all = serde_json::json!({ "plans": plans, "figures": measured::ALL });
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else if args.markdown {
        println!("{}\n{}", told::markdown(&plans), told::figures());
    } else {
        println!("{}", told::table(&plans));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    /// The part of a page between its marks, written anew if that is asked for.
    fn compare(file: &str, begins: &str, ends: &str, made: &str) {
        let path = workspace::root().join(file);
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        let whole = match (page.split_once(begins), page.rsplit_once(ends)) {
            (Some((before, _)), Some((_, after))) => format!("{before}{begins}{made}{ends}{after}"),
            _ => format!("{begins}{made}{ends}"),
        };
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&path, &whole).unwrap();
        }
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(page == whole, "{file} is old: UPDATE_SNAPSHOTS=1 cargo test -p xtask plan");
    }

    #[test]
    fn the_documentation_shows_what_the_command_reckons() {
        let plans: Vec<Plan> = SHOWN.iter().map(|sms| reckon::plan(*sms)).collect();
        let (begins, ends) = ("<!-- cargo xtask plan -->\n", "<!-- end of the plan -->");
        compare("docs/scale.md", begins, ends, &told::markdown(&plans));
        let (begins, ends) = ("<!-- figures of cargo xtask plan -->\n", "<!-- end of the figures -->");
        compare("docs/scale.md", begins, ends, &told::figures());
        compare("docs/images/scale.svg", "<svg", "</svg>\n", &{
            let drawn = picture::draw(&plans);
            drawn.trim_start_matches("<svg").trim_end_matches("</svg>\n").to_owned()
        });
    }

    #[test]
    fn numbers_of_sms_are_read_as_people_write_them() {
        assert_eq!(sms("50e6").map(f64::to_bits), Ok(5e7_f64.to_bits()));
        assert_eq!(sms("20000").map(f64::to_bits), Ok(2e4_f64.to_bits()));
        for text in ["", "many", "0", "-5", "1e11", "NaN", "inf"] {
            assert!(sms(text).is_err(), "{text}");
        }
    }
}
