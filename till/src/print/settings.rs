//! What a till prints with and what it writes on its papers, in a `settings.json` of its own.
//!
//! The file is replaced whole. One that cannot be read leaves the till without a printer, never without its work.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use daybook_core::limits::{PAPER_COLUMNS_MAX, PAPER_COLUMNS_MIN, PRINTER_PORT};
use daybook_core::paper::escpos::Equipment;
use daybook_core::paper::{CodePage, Form, Words};
use daybook_store::file::sync_directory;
use serde::{Deserialize, Serialize};

const FILE: &str = "settings.json";

/// A receipt printer on the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrinterSettings {
    /// Host and port, such as `192.168.1.50:9100` or `printer`; without a port it is 9100.
    pub address: String,
    /// What it can print.
    pub code_page: CodePage,
    /// Characters in a line: 32, 42 and 48 are customary.
    pub columns: usize,
    /// Whether it cuts.
    pub cuts: bool,
    /// Whether a drawer is connected to it.
    pub drawer: bool,
}

impl PrinterSettings {
    /// Why this cannot be a printer; none where it can.
    pub fn fault(&self) -> Option<&'static str> {
        let host = self.address.rsplit_once(':').map_or(self.address.as_str(), |(host, _)| host);
        if host.is_empty() || self.address.chars().any(|c| c.is_whitespace() || c.is_control()) {
            Some("state the printer's address, such as 192.168.1.50:9100")
        } else if !(PAPER_COLUMNS_MIN..=PAPER_COLUMNS_MAX).contains(&self.columns) {
            Some("a receipt printer has 32 to 64 characters in a line")
        } else {
            None
        }
    }

    /// Host and port to connect to.
    pub(crate) fn target(&self) -> String {
        let (address, ends_in_port) = (&self.address, |port: &str| port.parse::<u16>().is_ok());
        match address.rsplit_once(':') {
            Some((host, port)) if ends_in_port(port) && (!host.contains(':') || host.ends_with(']')) => {
                address.clone()
            }
            Some((host, _)) if host.contains(':') && !host.starts_with('[') => {
                format!("[{address}]:{PRINTER_PORT}")
            }
            _ => format!("{address}:{PRINTER_PORT}"),
        }
    }

    /// What it has.
    pub(crate) fn equipment(&self) -> Equipment {
        Equipment { cuts: self.cuts, drawer: self.drawer }
    }
}

/// Everything a till remembers about printing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PrintSettings {
    /// The printer, where there is one.
    pub printer: Option<PrinterSettings>,
    /// Whether the receipt of every completed document is printed without being asked for.
    pub automatic: bool,
    /// What stands on papers besides figures. Without a name of the store here, head office's is printed.
    pub words: Words,
    /// Address of a printer that confirms nothing, learned from its test page.
    pub(crate) silent: Option<String>,
}

impl Default for PrintSettings {
    fn default() -> Self {
        PrintSettings { printer: None, automatic: true, words: Words::default(), silent: None }
    }
}

impl PrintSettings {
    /// What papers are laid out for; without a printer what most of them have.
    pub fn form(&self) -> Form {
        let usual = Form { columns: 42, page: CodePage::default() };
        self.printer
            .as_ref()
            .map_or(usual, |printer| Form { columns: printer.columns, page: printer.code_page })
    }

    /// Whether receipts are printed without being asked for.
    pub(crate) fn prints_receipts(&self) -> bool {
        self.automatic && self.printer.is_some()
    }

    /// Whether the printer is known never to confirm anything.
    pub(crate) fn is_silent(&self) -> bool {
        self.printer
            .as_ref()
            .is_some_and(|printer| self.silent.as_ref() == Some(&printer.address))
    }

    /// Reads the settings of a data directory; what a till starts with, where there are none.
    pub(crate) fn read(data: &Path) -> std::io::Result<Self> {
        match std::fs::read_to_string(data.join(FILE)) {
            Ok(text) => Ok(serde_json::from_str(&text)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(PrintSettings::default()),
            Err(error) => Err(error),
        }
    }

    /// Writes them, so that either the old or the new file is there whole, also after a power cut.
    pub(crate) fn write(&self, data: &Path) -> std::io::Result<()> {
        let new = data.join(format!("{FILE}.new"));
        let mut file = File::create(&new)?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, data.join(FILE))?;
        sync_directory(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printer(address: &str, columns: usize) -> PrinterSettings {
        let (address, code_page) = (address.to_owned(), CodePage::Pc858);
        PrinterSettings { address, code_page, columns, cuts: true, drawer: true }
    }

    #[test]
    fn settings_come_back_as_they_were_written_and_are_replaced_whole() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(PrintSettings::read(data.path()).unwrap(), PrintSettings::default());
        let settings =
            PrintSettings { printer: Some(printer("till-printer", 48)), ..PrintSettings::default() };
        // What a crash left in the middle of an earlier attempt is in nobody's way.
        std::fs::write(data.path().join("settings.json.new"), "{").unwrap();
        settings.write(data.path()).unwrap();
        assert_eq!(PrintSettings::read(data.path()).unwrap(), settings);
        std::fs::write(data.path().join(FILE), "{\"printer\":null}").unwrap();
        assert_eq!(PrintSettings::read(data.path()).unwrap(), PrintSettings::default());
        std::fs::write(data.path().join(FILE), "{").unwrap();
        assert!(PrintSettings::read(data.path()).is_err());
    }

    #[test]
    fn an_address_without_a_port_means_9100() {
        let cases = [
            ("printer", "printer:9100"),
            ("192.168.1.50:9101", "192.168.1.50:9101"),
            ("fe80::1", "[fe80::1]:9100"),
            ("[fe80::1]:515", "[fe80::1]:515"),
            ("[fe80::1]", "[fe80::1]:9100"),
        ];
        for (address, target) in cases {
            assert_eq!(printer(address, 42).target(), target);
            assert_eq!(printer(address, 42).fault(), None);
        }
        assert!(printer("", 42).fault().is_some() && printer(":9100", 42).fault().is_some());
        assert!(printer("a b", 42).fault().is_some() && printer("printer", 20).fault().is_some());
    }
}
