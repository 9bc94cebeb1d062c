use std::sync::{Mutex, PoisonError};

use config::ConnectionThrottle;

/// Refuses handshakes when too many come at once (`BlueThrottle`): a bucket of tokens, and a
/// drop probability that rises while the bucket is empty.
#[derive(Debug)]
pub(crate) struct HandshakeThrottle {
    settings: ConnectionThrottle,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tokens: i32,
    filled_ms: i64,
    drop_chance: f64,
    frozen_ms: i64,
    random: u64,
}

impl HandshakeThrottle {
    pub(crate) fn new(settings: ConnectionThrottle, now_ms: i64, seed: u64) -> Self {
        let state = State {
            tokens: settings.tokens,
            filled_ms: now_ms,
            drop_chance: 0.0,
            frozen_ms: now_ms,
            random: seed | 1,
        };
        HandshakeThrottle { settings, state: Mutex::new(state) }
    }

    /// Whether a handshake may go on; `renews` says that it names a session.
    pub(crate) fn admits(&self, renews: bool, now_ms: i64) -> bool {
        let settings = &self.settings;
        if settings.tokens == 0 {
            return true;
        }
        let need = match (settings.weights_enabled, renews) {
            (false, _) => 1,
            (true, true) => settings.renew_session_weight,
            (true, false) => settings.global_session_weight,
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.refill(settings, now_ms);
        if settings.freeze_time_ms != -1 && state.drops(settings, now_ms) {
            return false;
        }
        if state.tokens < need {
            return false;
        }
        state.tokens -= need;
        true
    }

    /// How many tokens are missing.
    pub(crate) fn deficit(&self) -> i32 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.settings.tokens - state.tokens
    }

    pub(crate) fn drop_chance(&self) -> f64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).drop_chance
    }
}

impl State {
    fn refill(&mut self, settings: &ConnectionThrottle, now_ms: i64) {
        let since_ms = now_ms - self.filled_ms;
        if since_ms <= i64::from(settings.fill_time_ms) {
            return;
        }
        let refill = since_ms.saturating_mul(i64::from(settings.fill_count))
            / i64::from(settings.fill_time_ms.max(1));
        let tokens = i64::from(self.tokens).saturating_add(refill);
        self.tokens = tokens.min(i64::from(settings.tokens)).max(0) as i32;
        self.filled_ms = now_ms;
    }

    fn drops(&mut self, settings: &ConnectionThrottle, now_ms: i64) -> bool {
        let used = settings.tokens - self.tokens;
        let low = (f64::from(settings.tokens) * settings.decrease_ratio).round() as i32;
        if now_ms - self.frozen_ms > i64::from(settings.freeze_time_ms) {
            if used == settings.tokens && self.drop_chance < 1.0 {
                self.drop_chance = (self.drop_chance + settings.drop_increase).min(1.0);
            } else if used <= low && self.drop_chance > 0.0 {
                self.drop_chance = (self.drop_chance - settings.drop_decrease).max(0.0);
            }
            self.frozen_ms = now_ms;
        }
        self.next_random() < self.drop_chance
    }

    /// xorshift64, as a number from 0 to 1.
    fn next_random(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(tokens: i32) -> ConnectionThrottle {
        ConnectionThrottle {
            tokens,
            fill_time_ms: 10,
            fill_count: 1,
            freeze_time_ms: -1,
            drop_increase: 0.5,
            drop_decrease: 0.5,
            decrease_ratio: 0.0,
            weights_enabled: false,
            global_session_weight: 3,
            local_session_weight: 1,
            renew_session_weight: 2,
        }
    }

    #[test]
    fn without_tokens_in_the_settings_everybody_is_admitted() {
        let throttle = HandshakeThrottle::new(settings(0), 0, 1);
        assert!((0..100).all(|_| throttle.admits(false, 0)));
    }

    #[test]
    fn the_bucket_empties_and_fills() {
        let throttle = HandshakeThrottle::new(settings(2), 0, 1);
        assert!(throttle.admits(false, 0));
        assert!(throttle.admits(false, 0));
        assert!(!throttle.admits(false, 5));
        assert_eq!(throttle.deficit(), 2);
        assert!(throttle.admits(false, 11));
    }

    #[test]
    fn weights_make_new_sessions_dearer() {
        let weighed = ConnectionThrottle { weights_enabled: true, ..settings(4) };
        let throttle = HandshakeThrottle::new(weighed, 0, 1);
        assert!(throttle.admits(false, 0));
        assert!(!throttle.admits(true, 0), "one token is left, two are needed");
    }

    #[test]
    fn an_empty_bucket_raises_the_drop_chance() {
        let blue = ConnectionThrottle { freeze_time_ms: 0, ..settings(1) };
        let throttle = HandshakeThrottle::new(blue, 0, 1);
        assert!(throttle.admits(false, 0));
        assert!(!throttle.admits(false, 1));
        assert!(!throttle.admits(false, 2));
        assert_eq!(throttle.drop_chance(), 1.0);
    }
}
