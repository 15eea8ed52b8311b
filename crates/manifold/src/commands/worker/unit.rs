//! What tells the system to start a worker: a systemd user unit, or a launchd agent.

use std::path::{Path, PathBuf};

/// Seconds that a worker gets to stop: its jobs end in peace for 10 and may take 30 to a safe point.
const STOP_SECONDS: u32 = 60;

/// Who starts programs on this system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Starter {
    /// Linux.
    Systemd,
    /// macOS.
    Launchd,
}

/// A worker that is to be started.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// The name of the unit, without what the system adds.
    pub(super) name: String,
    /// The command and its arguments.
    pub(super) command: Vec<String>,
    /// The data folder.
    pub(super) data_folder: String,
}

impl Starter {
    /// The one of this system.
    pub(super) fn of_this_system() -> Option<Self> {
        if cfg!(target_os = "linux") {
            Some(Self::Systemd)
        } else if cfg!(target_os = "macos") {
            Some(Self::Launchd)
        } else {
            None
        }
    }

    /// The file of a unit, below the folder of the user's configuration or home.
    pub(super) fn file(
        self,
        name: &str,
        home: Option<&Path>,
        config: Option<&Path>,
    ) -> Option<PathBuf> {
        match self {
            Self::Systemd => Some(config?.join(format!("systemd/user/{name}.service"))),
            Self::Launchd => Some(home?.join(format!("Library/LaunchAgents/{name}.plist"))),
        }
    }

    /// The text of the file.
    pub(super) fn text(self, unit: &Unit) -> String {
        match self {
            Self::Systemd => systemd(unit),
            Self::Launchd => launchd(unit),
        }
    }

    /// The commands that have the system start it.
    pub(super) fn enable(self, name: &str, file: &Path) -> Vec<String> {
        match self {
            Self::Systemd => vec![
                "systemctl --user daemon-reload".to_owned(),
                format!("systemctl --user enable --now {name}.service"),
                "loginctl enable-linger    # if it is to run while you are not logged in"
                    .to_owned(),
            ],
            Self::Launchd => vec![format!(
                "launchctl bootstrap gui/$(id -u) {}",
                crate::table::word(&file.display().to_string())
            )],
        }
    }

    /// The commands that stop it for good; to be run before its file goes.
    pub(super) fn disable(self, name: &str) -> Vec<String> {
        match self {
            Self::Systemd => vec![format!("systemctl --user disable --now {name}.service")],
            Self::Launchd => vec![format!("launchctl bootout gui/$(id -u)/{name}")],
        }
    }
}

fn systemd(unit: &Unit) -> String {
    let command: Vec<_> = unit.command.iter().map(|word| quoted(word)).collect();
    format!(
        "\
# Written by `manifold worker install`; `manifold worker uninstall` removes it.
[Unit]
Description=Manifold worker for {folder}

[Service]
ExecStart={command}
Restart=on-failure
RestartSec=5
TimeoutStopSec={STOP_SECONDS}

[Install]
WantedBy=default.target
",
        folder = unit.data_folder.replace('%', "%%"),
        command = command.join(" "),
    )
}

/// A word of a systemd command line.
fn quoted(word: &str) -> String {
    let word = word
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
        .replace('$', "$$");
    format!("\"{word}\"")
}

fn launchd(unit: &Unit) -> String {
    let words: Vec<_> = unit
        .command
        .iter()
        .map(|word| format!("        <string>{}</string>", escaped(word)))
        .collect();
    let log = Path::new(&unit.data_folder).join("worker.log");
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- Written by `manifold worker install`; `manifold worker uninstall` removes it. -->
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
    <key>Label</key>
    <string>{label}</string>
    <key>ProgramArguments</key>
    <array>
{words}
    </array>
    <key>RunAtLoad</key>
    <true/>
    <key>KeepAlive</key>
    <dict>
        <key>SuccessfulExit</key>
        <false/>
    </dict>
    <key>ExitTimeOut</key>
    <integer>{STOP_SECONDS}</integer>
    <key>StandardErrorPath</key>
    <string>{log}</string>
</dict>
</plist>
"#,
        label = escaped(&unit.name),
        words = words.join("\n"),
        log = escaped(&log.display().to_string()),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> Unit {
        let command = [
            "/opt/my apps/manifold",
            "--data-dir",
            r#"/srv/100% "x" $HOME & <b>"#,
            "worker",
        ];
        Unit {
            name: "manifold-worker".to_owned(),
            command: command.map(str::to_owned).to_vec(),
            data_folder: r#"/srv/100% "x" $HOME & <b>"#.to_owned(),
        }
    }

    #[test]
    fn the_text_of_each_system() {
        insta::assert_snapshot!("systemd", Starter::Systemd.text(&unit()));
        insta::assert_snapshot!("launchd", Starter::Launchd.text(&unit()));
    }

    #[test]
    fn each_system_has_its_folder() {
        let (home, config) = (Some(Path::new("/h")), Some(Path::new("/h/.config")));
        let file = |starter: Starter| starter.file("w", home, config);
        let expected = |path: &str| Some(PathBuf::from(path));
        assert_eq!(
            file(Starter::Systemd),
            expected("/h/.config/systemd/user/w.service")
        );
        assert_eq!(
            file(Starter::Launchd),
            expected("/h/Library/LaunchAgents/w.plist")
        );
        assert_eq!(Starter::Systemd.file("w", home, None), None);
    }
}
