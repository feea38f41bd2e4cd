//! National rules by which one person has two spellings, and the one that is kept (decisions.md D43). One table, each
//! line with its source. Not what a numbering plan allows: that is the library's.

/// A country where one number is written in two ways.
pub(super) struct Rule {
    /// Its calling code.
    pub(super) calling_code: i32,
    /// The national number as it is kept; None: it is that already.
    pub(super) kept: fn(&str) -> Option<String>,
    /// The other way round: as networks and older versions of the bridge wrote it.
    pub(super) older: fn(&str) -> Option<String>,
}

/// All of them.
pub(super) const RULES: [Rule; 3] = [
    // Argentina. A mobile has a 9 before its area when it is called from abroad and none at home (Plan Fundamental de
    // Numeración Nacional, Resolución SC 46/97; ITU-T E.164 national plan of Argentina). Only mobiles send SMS.
    Rule {
        calling_code: 54,
        kept: |national| {
            (national.len() == 10 && !national.starts_with(['0', '9'])).then(|| format!("9{national}"))
        },
        older: |national| national.strip_prefix('9').filter(|rest| rest.len() == 10).map(str::to_owned),
    },
    // Mexico. The 1 of mobiles ended on 2019-08-03 (IFT, Plan Técnico Fundamental de Numeración, DOF 2018-05-11); networks
    // still write it.
    Rule {
        calling_code: 52,
        kept: |national| national.strip_prefix('1').filter(|rest| rest.len() == 10).map(str::to_owned),
        older: |national| (national.len() == 10).then(|| format!("1{national}")),
    },
    // Brazil. A mobile of eight digits, which begins with 6 to 9, got a 9 before them (Anatel, Resolução 553/2010, in
    // all areas since 2016-11-06); 2 to 5 are landlines and stay.
    Rule {
        calling_code: 55,
        kept: |national| {
            let (area, local) = national.split_at_checked(2).filter(|(_, local)| local.len() == 8)?;
            local.starts_with(['6', '7', '8', '9']).then(|| format!("{area}9{local}"))
        },
        older: |national| {
            let (area, local) = national.split_at_checked(2)?;
            let eight = local.strip_prefix('9').filter(|rest| rest.len() == 8)?;
            eight.starts_with(['6', '7', '8', '9']).then(|| format!("{area}{eight}"))
        },
    },
];

/// The national number as it is kept, where that is another one.
pub(super) fn kept(calling_code: i32, national: &str) -> Option<String> {
    RULES.iter().find(|rule| rule.calling_code == calling_code).and_then(|rule| (rule.kept)(national))
}

/// The national number as it was written before, where it has two spellings.
pub(super) fn older(calling_code: i32, national: &str) -> Option<String> {
    RULES.iter().find(|rule| rule.calling_code == calling_code).and_then(|rule| (rule.older)(national))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_are_one() {
        for (code, written, expected) in [
            (54, "1123456789", Some("91123456789")),
            (54, "91123456789", None),
            (52, "15512345678", Some("5512345678")),
            (52, "5512345678", None),
            (55, "4788887777", Some("47988887777")),
            (55, "4768887777", Some("47968887777")),
            (55, "47988887777", None),
            (55, "4732227777", None),
            (91, "9876543210", None),
            (54, "0123456789", None),
            (54, "9123456789", None),
            (54, "112345678", None),
            (52, "1551234567", None),
            (55, "478888777", None),
            (55, "4758887777", None),
            (55, "4", None),
        ] {
            assert_eq!(kept(code, written).as_deref(), expected, "{code} {written}");
            if let Some(expected) = expected {
                assert_eq!(older(code, expected).as_deref(), Some(written), "{code} {expected}");
            }
        }
    }

    #[test]
    fn what_was_never_written_otherwise_has_no_older_spelling() {
        for (code, national, older_one) in [
            (54, "91123456789", Some("1123456789")),
            (54, "9112345678", None),
            (54, "1123456789", None),
            (52, "5512345678", Some("15512345678")),
            (52, "551234567", None),
            (55, "47988887777", Some("4788887777")),
            (55, "4798888777", None),
            (55, "47932227777", None),
            (55, "47888887777", None),
            (91, "9876543210", None),
        ] {
            assert_eq!(older(code, national).as_deref(), older_one, "{code} {national}");
        }
    }
}
