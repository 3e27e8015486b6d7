//! The sounds of the counter as waves: a scanner's beep says "read", these say what the till made of it. Success is quiet; a refusal is loud,
//! and differs in rhythm and pitch. Pure functions, so that each sound can be held against its description.

#![allow(clippy::float_arithmetic, reason = "waves are made of fractions, and nobody counts money in them")]

use daybook_till::door::types::Sound;

/// Samples per second of every wave here.
pub const RATE: u32 = 48_000;
/// Rise and fall of a tone in samples, 6 ms, so that it does not click.
const EDGE_SAMPLES: u32 = RATE * 6 / 1000;

/// What a sound is made of: tones, one after another.
struct Pattern {
    /// Hertz.
    tones: &'static [u16],
    /// How long each lasts, in milliseconds.
    each_ms: u32,
    /// How loud at full volume, against the loudest there is.
    decibels: f32,
}

fn pattern(sound: Sound) -> Pattern {
    match sound {
        Sound::Added => Pattern { tones: &[1320], each_ms: 40, decibels: -18.0 },
        Sound::Refused => Pattern { tones: &[330, 247], each_ms: 140, decibels: -6.0 },
        Sound::Attention => Pattern { tones: &[880, 660, 880], each_ms: 80, decibels: -10.0 },
        Sound::Paid => Pattern { tones: &[660, 990], each_ms: 70, decibels: -12.0 },
    }
}

/// The wave of a sound at full volume: one channel, [`RATE`] samples a second, each from -1 to 1.
pub fn wave(sound: Sound) -> Vec<f32> {
    let Pattern { tones, each_ms, decibels } = pattern(sound);
    let level = 10_f32.powf(decibels / 20.0);
    tones.iter().flat_map(|hertz| tone(*hertz, RATE * each_ms / 1000, level)).collect()
}

/// What a wave is multiplied with at a volume in per cent.
pub fn gain(volume_percent: u32) -> f32 {
    f32::from(u8::try_from(volume_percent.min(100)).unwrap_or(100)) / 100.0
}

fn tone(hertz: u16, samples: u32, level: f32) -> impl Iterator<Item = f32> {
    let turn = f64::from(hertz) * std::f64::consts::TAU / f64::from(RATE);
    (0..samples).map(move |sample| {
        #[allow(clippy::cast_possible_truncation, reason = "a sample needs no more than single precision")]
        let swing = (f64::from(sample) * turn).sin() as f32;
        swing * level * edge(sample, samples)
    })
}

/// From 0 at either end of a tone to 1 within [`EDGE_SAMPLES`].
fn edge(sample: u32, samples: u32) -> f32 {
    let from_end = sample.min(samples - 1 - sample).min(EDGE_SAMPLES);
    // At most 288, which a float holds exactly.
    f32::from(u16::try_from(from_end).unwrap_or(u16::MAX))
        / f32::from(u16::try_from(EDGE_SAMPLES).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Sound; 4] = [Sound::Added, Sound::Refused, Sound::Attention, Sound::Paid];

    /// Hertz of a piece of a wave, from how often it rises through zero.
    fn pitch(wave: &[f32]) -> f32 {
        let rises: Vec<usize> = (1..wave.len()).filter(|at| wave[at - 1] < 0.0 && wave[*at] >= 0.0).collect();
        let (first, last) = (rises[0], rises[rises.len() - 1]);
        RATE as f32 * (rises.len() - 1) as f32 / (last - first) as f32
    }

    fn peak(wave: &[f32]) -> f32 {
        wave.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
    }

    #[test]
    fn every_sound_has_its_tones_its_length_and_its_level() {
        // sound, hertz of each tone, milliseconds of each tone, decibels
        let described: &[(Sound, &[f32], u32, f32)] = &[
            (Sound::Added, &[1320.0], 40, -18.0),
            (Sound::Refused, &[330.0, 247.0], 140, -6.0),
            (Sound::Attention, &[880.0, 660.0, 880.0], 80, -10.0),
            (Sound::Paid, &[660.0, 990.0], 70, -12.0),
        ];
        for (sound, tones, each_ms, decibels) in described {
            let wave = wave(*sound);
            let each = (RATE * each_ms / 1000) as usize;
            assert_eq!(wave.len(), each * tones.len(), "{sound:?} lasts");
            for (tone, hertz) in wave.chunks(each).zip(*tones) {
                let edge = EDGE_SAMPLES as usize;
                let tone = &tone[edge..tone.len() - edge];
                assert!((pitch(tone) - hertz).abs() < hertz * 0.01, "{sound:?}: {} for {hertz}", pitch(tone));
                let level = 20.0 * peak(tone).log10();
                assert!((level - decibels).abs() < 0.1, "{sound:?}: {level} dB for {decibels}");
            }
        }
    }

    #[test]
    fn a_tone_begins_and_ends_in_silence() {
        for sound in ALL {
            let wave = wave(sound);
            assert!(wave[0] == 0.0 && wave[wave.len() - 1] == 0.0, "{sound:?} clicks");
            let leap = wave.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
            assert!(leap < 0.1, "{sound:?} leaps by {leap}");
        }
    }

    #[test]
    fn a_refusal_is_the_loudest_and_an_item_the_quietest() {
        let mut by_level = ALL;
        by_level.sort_by(|one, other| peak(&wave(*one)).total_cmp(&peak(&wave(*other))));
        assert_eq!(by_level, [Sound::Added, Sound::Paid, Sound::Attention, Sound::Refused]);
    }

    #[test]
    fn volume_makes_it_quieter_in_proportion() {
        for (percent, expected) in [(0, 0.0), (40, 0.4), (100, 1.0), (900, 1.0)] {
            assert!((gain(percent) - expected).abs() < 1e-6, "{percent} %");
        }
    }
}
