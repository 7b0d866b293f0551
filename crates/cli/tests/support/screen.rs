//! The binary in a terminal of its own, whose screen can be read: [`Screen`].

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::family::PATIENCE;

/// A terminal with a shell script in it. It ends with what runs in it when it is dropped.
pub(crate) struct Screen {
    dir: TempDir,
}

impl Screen {
    /// Runs `aieffect` with these arguments in a terminal of that size; when it has ended, `exit: <code>` is written
    /// below.
    pub(crate) fn run(columns: u16, rows: u16, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let screen = Self { dir: tempfile::tempdir().unwrap() };
        // Ctrl-C is for all that runs in the terminal, and the shell outlives it.
        let mut script = "trap : INT\nunset CI NO_COLOR\n".to_owned();
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AIEFFECT_")) {
            script += &format!("unset {name}\n");
        }
        let cache = [("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))];
        for (name, value) in environment.iter().chain(&cache) {
            script += &format!("export {name}={}\n", quoted(value));
        }
        let words = [env!("CARGO_BIN_EXE_aieffect")].into_iter().chain(arguments.iter().copied());
        script +=
            &format!("{}\necho exit: $?\nexec sleep 600\n", words.map(quoted).collect::<Vec<_>>().join(" "));
        let path = screen.dir.path().join("script");
        fs::write(&path, script).unwrap();
        let size = [columns.to_string(), rows.to_string()];
        let shell = format!("exec sh {}", quoted(path.to_str().unwrap()));
        screen.tmux(&["new-session", "-d", "-s", "test", "-x", &size[0], "-y", &size[1], &shell]);
        screen
    }

    /// What is on the screen, without empty rows at its end.
    pub(crate) fn text(&self) -> String {
        self.captured(&[])
    }

    /// What is on the screen and what has scrolled away, with lines that the terminal broke joined.
    pub(crate) fn history(&self) -> String {
        self.captured(&["-J", "-S", "-"])
    }

    /// The screen with its colours.
    pub(crate) fn coloured(&self) -> String {
        self.captured(&["-e"])
    }

    /// Waits until the screen is like this, and gives it.
    #[track_caller]
    pub(crate) fn until(&self, is_there: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let text = self.text();
            if is_there(&text) {
                return text;
            }
            assert!(begun.elapsed() < PATIENCE, "the screen stays like this:\n{text}");
            // The terminal tells nobody when it changes.
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the end of `aieffect`, and gives the screen then.
    #[track_caller]
    pub(crate) fn end(&self, code: i32) -> String {
        let last = format!("exit: {code}");
        let text = self.until(|text| text.lines().any(|line| line.starts_with("exit: ")));
        assert!(text.lines().any(|line| line == last), "{text}");
        text
    }

    /// Presses keys, as tmux names them.
    pub(crate) fn press(&self, keys: &str) {
        self.tmux(&["send-keys", "-t", "test", keys]);
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let size = [columns.to_string(), rows.to_string()];
        self.tmux(&["resize-window", "-t", "test", "-x", &size[0], "-y", &size[1]]);
    }

    /// Whether the cursor can be seen.
    pub(crate) fn has_cursor(&self) -> bool {
        self.tmux(&["display-message", "-p", "-t", "test", "#{cursor_flag}"]).trim() == "1"
    }

    fn captured(&self, options: &[&str]) -> String {
        let text = self.tmux(&[&["capture-pane", "-p", "-t", "test"], options].concat());
        text.trim_end().to_owned() + "\n"
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let output = tmux(self.dir.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // One that is gone already is no reason to fail.
        let _ = tmux(self.dir.path()).arg("kill-server").output();
    }
}

/// A server of its own, without anybody's settings.
fn tmux(dir: &Path) -> Command {
    let mut command = Command::new("tmux");
    command.args(["-u", "-f", "/dev/null", "-L", "test"]);
    command.env("TMUX_TMPDIR", dir).env_remove("TMUX").env("LC_ALL", "C.UTF-8");
    command
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
