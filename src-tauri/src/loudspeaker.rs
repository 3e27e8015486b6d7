//! The machine's loudspeaker. A thread of its own holds the device, because opening one can take its time and selling waits for nothing;
//! it holds it only while sounds come, so that an idle till costs nothing and other programs can be heard.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use daybook_till::door::sound::Speaker;
use daybook_till::door::types::Sound;
use rodio::CpalErrorKind::{DeviceNotAvailable, HostUnavailable, StreamInvalidated};
use rodio::buffer::SamplesBuffer;
use rodio::{ChannelCount, DeviceSinkBuilder, MixerDeviceSink, SampleRate, Source as _};

use crate::sound::{self, gain, wave};

const RATE: SampleRate = SampleRate::new(sound::RATE).expect("there are samples in a second");
const ONE: ChannelCount = ChannelCount::MIN;
/// How long a device is held after the last sound.
const HELD: Duration = Duration::from_secs(20);
/// How long a device that did not answer is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(5);
/// How long somebody waits to hear whether a device took a sound; after that nothing was heard in time.
const PATIENCE: Duration = Duration::from_millis(300);

/// Plays through the system's own choice of device.
pub struct Loudspeaker {
    orders: Sender<Order>,
    answers: Arc<AtomicBool>,
}

struct Order {
    sound: Sound,
    volume_percent: u32,
    taken: SyncSender<bool>,
}

impl Loudspeaker {
    /// Starts the thread, which first sees whether a device answers. Without a thread there is no sound, and nothing else is missing.
    pub fn start() -> Self {
        let (orders, ordered) = channel();
        let answers = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&answers);
        let thread = std::thread::Builder::new().name("loudspeaker".to_owned());
        if let Err(error) = thread.spawn(move || Stage::new(told).serve(&ordered)) {
            tracing::warn!(%error, "no sound: its thread cannot be started");
        }
        Loudspeaker { orders, answers }
    }
}

impl Speaker for Loudspeaker {
    fn play(&self, sound: Sound, volume_percent: u32) -> bool {
        let (taken, answer) = sync_channel(1);
        let ordered = self.orders.send(Order { sound, volume_percent, taken }).is_ok();
        ordered && answer.recv_timeout(PATIENCE).unwrap_or(false)
    }

    fn answers(&self) -> bool {
        self.answers.load(Ordering::Relaxed)
    }
}

/// What the thread has: the waves, and the device while it is held.
struct Stage {
    answers: Arc<AtomicBool>,
    waves: Vec<(Sound, SamplesBuffer)>,
    device: Option<Device>,
    failed: Option<Instant>,
}

struct Device {
    sink: MixerDeviceSink,
    /// Set by the system when the device is gone.
    lost: Arc<AtomicBool>,
}

impl Stage {
    fn new(answers: Arc<AtomicBool>) -> Self {
        let sounds = [Sound::Added, Sound::Refused, Sound::Attention, Sound::Paid];
        let waves = sounds
            .into_iter()
            .map(|sound| (sound, SamplesBuffer::new(ONE, RATE, wave(sound))))
            .collect();
        Stage { answers, waves, device: None, failed: None }
    }

    fn serve(&mut self, ordered: &Receiver<Order>) {
        quietly(|| self.device().is_some());
        loop {
            let order = match ordered.recv_timeout(HELD) {
                Ok(order) => order,
                Err(RecvTimeoutError::Timeout) => {
                    self.device = None;
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let played = quietly(|| self.play(order.sound, order.volume_percent));
            // Whoever asked may have stopped waiting.
            let _late = order.taken.try_send(played);
        }
    }

    fn play(&mut self, sound: Sound, volume_percent: u32) -> bool {
        let wave = self.waves.iter().find(|(one, _)| *one == sound).map(|(_, wave)| wave.clone());
        let (Some(wave), Some(device)) = (wave, self.device()) else { return false };
        device.sink.mixer().add(wave.amplify(gain(volume_percent)));
        true
    }

    /// The device, opened where it is not held; none where it does not answer.
    fn device(&mut self) -> Option<&Device> {
        if self.device.as_ref().is_some_and(|device| device.lost.load(Ordering::Relaxed)) {
            self.device = None;
        }
        let left_alone = self.failed.is_some_and(|failed| failed.elapsed() < LEFT_ALONE);
        if self.device.is_none() && !left_alone {
            match open() {
                Ok(device) => (self.device, self.failed) = (Some(device), None),
                Err(error) => {
                    if self.failed.replace(Instant::now()).is_none() {
                        tracing::debug!(%error, "no loudspeaker answers; the window's border says what would be heard");
                    }
                }
            }
        }
        self.answers.store(self.device.is_some(), Ordering::Relaxed);
        self.device.as_ref()
    }
}

fn open() -> Result<Device, rodio::DeviceSinkError> {
    let lost = Arc::new(AtomicBool::new(false));
    let gone = Arc::clone(&lost);
    let builder = DeviceSinkBuilder::from_default_device()?.with_error_callback(move |error| {
        tracing::debug!(%error, "the loudspeaker");
        // Whatever else happens to it, it goes on by itself.
        if matches!(error.kind(), DeviceNotAvailable | HostUnavailable | StreamInvalidated) {
            gone.store(true, Ordering::Relaxed);
        }
    });
    let mut sink = builder.open_stream()?;
    sink.log_on_drop(false);
    Ok(Device { sink, lost })
}

/// Does something without the system's sound library writing to standard error what it tried and did not find.
fn quietly<T>(what: impl FnOnce() -> T) -> T {
    #[cfg(target_os = "linux")]
    let said = alsa::Output::local_error_handler();
    let done = what();
    #[cfg(target_os = "linux")]
    if let Ok(said) = said {
        said.borrow().buffer_string(|text| {
            if !text.is_empty() {
                tracing::debug!(said = %String::from_utf8_lossy(text), "the sound library");
            }
        });
    }
    done
}
