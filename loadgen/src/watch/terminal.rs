//! The terminal that a run is drawn on: taken at the beginning, given back whatever happens.
//!
//! Drawn on stderr, so that stdout stays for results. It is given back when the run ends, when it fails, on a panic and on a second
//! signal; a first signal, like the key q, asks the run to stop.

use super::screen::{Glimpse, Subject, draw};
use super::{Progress, Watch, Wish};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use std::io::{self, IsTerminal, Stderr};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

/// How often it is drawn.
const EVERY: Duration = Duration::from_millis(250);

/// Whether the terminal is ours now.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Gives the terminal back, if it was taken; once, whoever is first.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let raw = disable_raw_mode();
    let screen = execute!(
        io::stderr(),
        LeaveAlternateScreen,
        ratatui::crossterm::cursor::Show
    );
    if let Err(error) = raw.and(screen) {
        eprintln!("the terminal could not be given back ({error}); `reset` mends it");
    }
}

/// A panic is told on a terminal that can be read.
fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
    });
}

/// Signals that were received, and who sent the last one.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    count: Arc<AtomicU8>,
    last: Arc<AtomicU8>,
}

/// Signals that end a run, with their numbers.
const NAMES: [(&str, u8); 3] = [("SIGINT", 2), ("SIGTERM", 15), ("SIGHUP", 1)];

impl Signals {
    /// Listens from now on, on this runtime: the first signal asks the run to stop, the second ends the program.
    pub fn listen(&self) -> io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        for (nth, (_, number)) in (0..).zip(NAMES) {
            let mut stream = signal(SignalKind::from_raw(number.into()))?;
            let signals = self.clone();
            tokio::spawn(async move {
                while stream.recv().await.is_some() {
                    signals.last.store(nth, Ordering::Relaxed);
                    if signals.count.fetch_add(1, Ordering::Relaxed) > 0 {
                        give_back();
                        std::process::exit(128 + i32::from(number));
                    }
                }
            });
        }
        Ok(())
    }

    /// What they ask for.
    fn wish(&self) -> Wish {
        let last = usize::from(self.last.load(Ordering::Relaxed));
        match self.count.load(Ordering::Relaxed) {
            0 => Wish::GoOn,
            _ => Wish::Stop(NAMES[last % NAMES.len()].0.to_string()),
        }
    }
}

/// A run drawn on a terminal.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stderr>>,
    subject: Subject,
    glimpse: Glimpse,
    signals: Signals,
    asked: u8,
}

impl Screen {
    /// Takes the terminal, if stderr is one that can be drawn on.
    pub fn take(subject: Subject, signals: Signals) -> Option<Screen> {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if dumb || !io::stderr().is_terminal() {
            return None;
        }
        give_back_on_panic();
        enable_raw_mode().ok()?;
        TAKEN.store(true, Ordering::SeqCst);
        let terminal = execute!(io::stderr(), EnterAlternateScreen)
            .and_then(|()| Terminal::new(CrosstermBackend::new(io::stderr())));
        match terminal {
            Ok(terminal) => Some(Screen {
                terminal,
                subject,
                glimpse: Glimpse::default(),
                signals,
                asked: 0,
            }),
            Err(_) => {
                give_back();
                None
            }
        }
    }

    /// Keys that were pressed since.
    fn read_keys(&mut self) -> io::Result<()> {
        while event::poll(Duration::ZERO)? {
            if let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let interrupt =
                    key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL;
                if interrupt || matches!(key.code, KeyCode::Char('q' | 'Q') | KeyCode::Esc) {
                    self.asked = self.asked.saturating_add(1);
                }
            }
        }
        Ok(())
    }
}

impl Watch for Screen {
    fn progress(&mut self, progress: &Progress<'_>) {
        self.glimpse = Glimpse::of(progress);
    }

    fn show(&mut self) {
        let keys = self.read_keys();
        self.glimpse.stopping = self.wish().stop().is_some();
        let (subject, glimpse) = (&self.subject, &self.glimpse);
        let drawn = self.terminal.draw(|frame| draw(frame, subject, glimpse));
        // A terminal that went away is no reason to end a run; without it there is nothing to see and nobody to ask.
        if keys.is_err() || drawn.is_err() {
            give_back();
        }
    }

    fn every(&self) -> Duration {
        EVERY
    }

    fn wish(&self) -> Wish {
        match self.asked {
            0 => self.signals.wish(),
            1 => Wish::Stop("the key q".into()),
            _ => Wish::StopAtOnce("the key q".into()),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Another watch that stops on a signal.
pub struct Signalled<'a> {
    /// Who looks.
    pub watch: &'a mut dyn Watch,
    /// Who asks it to stop.
    pub signals: Signals,
}

impl Watch for Signalled<'_> {
    fn progress(&mut self, progress: &Progress<'_>) {
        self.watch.progress(progress);
    }

    fn show(&mut self) {
        self.watch.show();
    }

    fn every(&self) -> Duration {
        self.watch.every()
    }

    fn wish(&self) -> Wish {
        match self.watch.wish() {
            Wish::GoOn => self.signals.wish(),
            wish @ (Wish::Stop(_) | Wish::StopAtOnce(_)) => wish,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_gives_the_terminal_back() {
        give_back_on_panic();
        TAKEN.store(true, Ordering::SeqCst);
        let panicked = std::panic::catch_unwind(|| panic!("on purpose"));
        assert!(panicked.is_err());
        assert!(!TAKEN.load(Ordering::SeqCst));
    }

    #[test]
    fn signals_ask_in_their_own_name() {
        let signals = Signals::default();
        assert_eq!(signals.wish(), Wish::GoOn);
        signals.last.store(1, Ordering::Relaxed);
        signals.count.store(1, Ordering::Relaxed);
        assert_eq!(signals.wish(), Wish::Stop("SIGTERM".into()));
    }
}
