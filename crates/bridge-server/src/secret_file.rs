//! Secrets that are given as a file: a command line can be read by every account of the machine, and a file by its owner
//! alone. Not what they open.

use std::path::Path;

/// A secret as it is, or what is in the file that `flag` names with `-file`; the file wins.
pub(crate) fn one(flag: &str, given: Option<&str>, file: Option<&Path>) -> Result<Option<String>, String> {
    Ok(read(flag, file)?.or_else(|| filled(given)))
}

/// The secrets in a file, separated by commas or lines. None: there is no file.
pub(crate) fn several(flag: &str, file: Option<&Path>) -> Result<Option<Vec<String>>, String> {
    let split = |text: String| text.split([',', '\n']).filter_map(|secret| filled(Some(secret))).collect();
    Ok(read(flag, file)?.map(split))
}

fn read(flag: &str, file: Option<&Path>) -> Result<Option<String>, String> {
    // A variable that is set to nothing is not set.
    let Some(file) = file.filter(|file| !file.as_os_str().is_empty()) else { return Ok(None) };
    let name = || format!("the file of {flag}-file ({})", file.display());
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", name()))?;
    filled(Some(&text)).map(Some).ok_or_else(|| format!("{} is empty", name()))
}

/// A variable that is set to nothing is not set.
pub(crate) fn filled(value: Option<&str>) -> Option<String> {
    value.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}
