//! A modem of our own at a pseudo-terminal: knows the AT commands with which Gammu reads SMS, in PDU mode, and has a
//! SIM with room for 20. It sends nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::problem::{Problem, Result};

const SLOTS: usize = 20;
/// UTF-16 units in one SMS, and in one part of a longer one.
const WHOLE: usize = 70;
const PART: usize = 67;

/// When the network took an SMS in.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// Its local time, as `260131173000`.
    pub local: &'static str,
    /// How far that is ahead of UTC, in quarters of an hour.
    pub quarters: i8,
}

/// A modem that runs. It ends with its value, as soon as nobody has its terminal open.
#[derive(Debug)]
pub struct Modem {
    device: PathBuf,
    sim: Arc<Mutex<Sim>>,
    /// Held open, so that the modem does not end when the daemon closes it for a while.
    _terminal: OwnedFd,
}

/// PDUs in hexadecimal by their slots.
type Sim = BTreeMap<usize, String>;

impl Modem {
    /// Starts one.
    ///
    /// # Errors
    /// If there is no pseudo-terminal.
    pub fn start() -> Result<Modem> {
        let (master, terminal, device) = terminal().map_err(Problem::when("no pseudo-terminal"))?;
        let sim = Arc::new(Mutex::new(Sim::new()));
        let inside = Arc::clone(&sim);
        // It ends when the last one has closed the terminal.
        std::thread::spawn(move || talk(File::from(master), &inside));
        Ok(Modem { device, sim, _terminal: terminal })
    }

    /// The terminal that a daemon opens.
    #[must_use]
    pub fn device(&self) -> &Path {
        &self.device
    }

    /// An SMS arrives; a long one in parts.
    ///
    /// # Errors
    /// If the SIM is full: the network would keep it.
    pub fn receive(&self, from: &str, text: &str, stamp: Stamp) -> Result<()> {
        let pdus = pdus(from, text, stamp);
        let mut sim = self.sim.lock().unwrap_or_else(PoisonError::into_inner);
        if sim.len() + pdus.len() > SLOTS {
            return Err(Problem::new("the SIM is full"));
        }
        for pdu in pdus {
            if let Some(slot) = (1..=SLOTS).find(|slot| !sim.contains_key(slot)) {
                sim.insert(slot, pdu);
            }
        }
        Ok(())
    }

    /// How many SMS (or parts) are on the SIM.
    #[must_use]
    pub fn stored(&self) -> usize {
        self.sim.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn terminal() -> rustix::io::Result<(OwnedFd, OwnedFd, PathBuf)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let terminal = ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    let mut mode = tcgetattr(terminal.as_fd())?;
    mode.make_raw();
    tcsetattr(terminal.as_fd(), OptionalActions::Now, &mode)?;
    Ok((master, terminal, PathBuf::from(std::ffi::OsStr::from_bytes(name.as_bytes()))))
}

/// Answers command after command, until the terminal is closed.
fn talk(mut master: File, sim: &Mutex<Sim>) {
    let (mut line, mut piece) = (Vec::new(), [0; 1024]);
    while let Ok(read @ 1..) = master.read(&mut piece) {
        // As a modem does until it is told not to.
        if master.write_all(&piece[..read]).is_err() {
            return;
        }
        for byte in &piece[..read] {
            if !matches!(byte, b'\r' | b'\n' | 0x1a | 0x1b) {
                line.push(*byte);
                continue;
            }
            let command = String::from_utf8_lossy(&line).trim().to_ascii_uppercase();
            line.clear();
            let mut sim = sim.lock().unwrap_or_else(PoisonError::into_inner);
            if !command.is_empty() && master.write_all(answer(&command, &mut sim).as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// What a SIM900 would say, as far as Gammu asks.
fn answer(command: &str, sim: &mut Sim) -> String {
    const SILENT: &[&str] =
        &["+CMEE=", "+CMGF=", "+CSCS=", "+CNMI=", "+CSMS=", "+CFUN=", "+CHUP", "+CPIN=", "E", "Z"];
    let count = sim.len();
    let Some(rest) = command.strip_prefix("AT") else { return "\r\nERROR\r\n".to_owned() };
    let argument = |name: &str| rest.strip_prefix(name)?.split(',').next()?.parse::<usize>().ok();
    let line = match rest {
        "+CGMI" => "SIMCOM".to_owned(),
        "+CGMM" => "SIM900".to_owned(),
        "+CGMR" => "1.0".to_owned(),
        "+CGSN" => "490154203237518".to_owned(),
        "+CIMI" => "404100000000001".to_owned(),
        "+CPIN?" => "+CPIN: READY".to_owned(),
        "+CSQ" => "+CSQ: 20,0".to_owned(),
        "+CREG?" => "+CREG: 0,1".to_owned(),
        "+CMGF=?" => "+CMGF: (0,1)".to_owned(),
        "+CSMS?" => "+CSMS: 0,1,1,1".to_owned(),
        "+CSCS=?" => "+CSCS: (\"GSM\",\"UCS2\")".to_owned(),
        "+CSCS?" => "+CSCS: \"GSM\"".to_owned(),
        "+CNMI=?" => "+CNMI: (0-2),(0-3),(0,2,3),(0-2),(0,1)".to_owned(),
        "+CPMS=?" => "+CPMS: (\"SM\"),(\"SM\"),(\"SM\")".to_owned(),
        "+CPMS?" => format!("+CPMS: {}", [format!("\"SM\",{count},{SLOTS}").as_str(); 3].join(",")),
        _ if rest.starts_with("+CPMS=") => {
            format!("+CPMS: {}", [format!("{count},{SLOTS}").as_str(); 3].join(","))
        }
        _ if rest.starts_with("+CMGL") => {
            let listed = sim.iter().map(|(slot, pdu)| format!("+CMGL: {slot},0,,{}\r\n{pdu}", octets(pdu)));
            listed.collect::<Vec<_>>().join("\r\n")
        }
        _ if rest.starts_with("+CMGR=") => match argument("+CMGR=").and_then(|slot| sim.get(&slot)) {
            Some(pdu) => format!("+CMGR: 0,,{}\r\n{pdu}", octets(pdu)),
            None => return "\r\n+CMS ERROR: 321\r\n".to_owned(),
        },
        _ if rest.starts_with("+CMGD=") => {
            argument("+CMGD=").and_then(|slot| sim.remove(&slot));
            String::new()
        }
        // Gammu takes a refusal of these for a broken modem.
        _ if rest.is_empty() || rest == "+CHUP=?" => String::new(),
        _ if !rest.ends_with("=?") && SILENT.iter().any(|known| rest.starts_with(known)) => String::new(),
        _ => return "\r\nERROR\r\n".to_owned(),
    };
    if line.is_empty() { "\r\nOK\r\n".to_owned() } else { format!("\r\n{line}\r\n\r\nOK\r\n") }
}

/// The length that the modem tells: without the service centre, of which a zero octet is left.
fn octets(pdu: &str) -> usize {
    pdu.len() / 2 - 1
}

/// SMS-DELIVER in UCS-2 (3GPP TS 23.040), as many as the text needs.
fn pdus(from: &str, text: &str, stamp: Stamp) -> Vec<String> {
    /// One reference is enough: no two long SMS are on the way at once.
    const REFERENCE: u8 = 0xea;
    let units: Vec<u16> = text.encode_utf16().collect();
    if units.len() <= WHOLE {
        return vec![pdu(from, &[], &units, stamp)];
    }
    let parts: Vec<&[u16]> = units.chunks(PART).collect();
    let number = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
    let header = |index: usize| [5, 0, 3, REFERENCE, number(parts.len()), number(index + 1)];
    parts.iter().enumerate().map(|(index, part)| pdu(from, &header(index), part, stamp)).collect()
}

fn pdu(from: &str, header: &[u8], units: &[u16], stamp: Stamp) -> String {
    let digits = from.trim_start_matches('+');
    let mut pdu = format!("00{}{:02X}", if header.is_empty() { "04" } else { "44" }, digits.len());
    pdu += if from.starts_with('+') { "91" } else { "81" };
    pdu += &semi_octets(digits);
    // An ordinary SMS in UCS-2.
    pdu += "0008";
    let sign = if stamp.quarters < 0 { 0x8 } else { 0 };
    let quarters = stamp.quarters.unsigned_abs();
    pdu += &semi_octets(stamp.local);
    // Writing to a String cannot fail.
    let _ = write!(pdu, "{:X}{:X}", quarters % 10, (quarters / 10) | sign);
    let body: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    let _ = write!(pdu, "{:02X}", header.len() + body.len());
    for byte in header.iter().chain(&body) {
        let _ = write!(pdu, "{byte:02X}");
    }
    pdu
}

/// Digits in swapped pairs, an odd one filled up.
fn semi_octets(digits: &str) -> String {
    let filled = if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("{digits}F") };
    filled.as_bytes().chunks(2).flat_map(|pair| pair.iter().rev()).map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Stamp = Stamp { local: "260131173000", quarters: 22 };

    #[test]
    fn writes_pdus_as_the_standard_says() {
        assert_eq!(pdus("+4915", "hi", NOON), ["0004049194510008621013710300220400680069"]);
        let west = pdus("123", "", Stamp { quarters: -14, ..NOON });
        assert_eq!(west, ["0004038121F3000862101371030049".to_owned() + "00"]);
        let long = pdus("+4915", &"ä".repeat(100), NOON);
        assert_eq!(long.len(), 2);
        assert!(long[0].contains("8C050003EA0201") && long[1].contains("48050003EA0202"), "{long:?}");
    }

    #[test]
    fn gives_what_is_on_the_sim_and_deletes_it() {
        let mut sim = Sim::from([(3, "0004".to_owned())]);
        assert_eq!(answer("AT+CMGR=3", &mut sim), "\r\n+CMGR: 0,,1\r\n0004\r\n\r\nOK\r\n");
        assert_eq!(answer("AT+CMGD=3", &mut sim), "\r\nOK\r\n");
        assert_eq!(answer("AT+CMGR=3", &mut sim), "\r\n+CMS ERROR: 321\r\n");
        assert_eq!(answer("AT+CPMS=\"SM\"", &mut sim), "\r\n+CPMS: 0,20,0,20,0,20\r\n\r\nOK\r\n");
        assert_eq!(answer("AT+NEVERHEARD", &mut sim), "\r\nERROR\r\n");
    }
}
