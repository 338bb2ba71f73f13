//! Points in time, as locks and indexes write them: the upload times of files.

use std::fmt;
use std::str::FromStr;

use toml_datetime::{Datetime, Offset};

const DAY: i64 = 24 * 60 * 60;

/// A time in whole seconds since 1970-01-01 (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Reads a date and time in the format of RFC 3339: `2026-11-28T04:15:00.123Z`. A time without an offset
    /// is in UTC, as PEP 751 requires.
    pub fn parse(text: &str) -> Option<Self> {
        Self::of(&Datetime::from_str(text).ok()?)
    }

    /// The time in the format of RFC 3339, in UTC.
    pub fn rfc3339(self) -> String {
        let clock = self.0.rem_euclid(DAY);
        format!("{self}T{:02}:{:02}:{:02}Z", clock / 3600, clock / 60 % 60, clock % 60)
    }

    /// A TOML date and time.
    pub(super) fn of(datetime: &Datetime) -> Option<Self> {
        let (date, time) = (datetime.date?, datetime.time?);
        let offset = match datetime.offset {
            None | Some(Offset::Z) => 0,
            Some(Offset::Custom { minutes }) => i64::from(minutes) * 60,
        };
        let clock =
            (i64::from(time.hour) * 60 + i64::from(time.minute)) * 60 + time.second.map_or(0, i64::from);
        Some(Self(
            days(i64::from(date.year), i64::from(date.month), i64::from(date.day)) * DAY + clock - offset,
        ))
    }
}

/// The number of days from 1970-01-01 to a date of the Gregorian calendar. Years begin in March here, so a
/// leap day is the last day of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let in_year = (153 * month + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + in_year - 719_468
}

/// The date alone, in UTC.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The reverse calculation: 400 years have 146,097 days.
        let since = self.0.div_euclid(DAY) + 719_468;
        let (era, day) = (since.div_euclid(146_097), since.rem_euclid(146_097));
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let in_year = day - (365 * year + year / 4 - year / 100);
        let month = (5 * in_year + 2) / 153;
        let day = in_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = era * 400 + year + i64::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The expected seconds are those of `date -u -d TEXT +%s`.
    #[test]
    fn moments_are_counted_from_1970() {
        let seconds = |text| Timestamp::parse(text).map(|moment| moment.0);
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2024-02-29T23:59:59Z"), Some(1_709_251_199));
        assert_eq!(seconds("2026-11-28T04:15:00.123456Z"), Some(1_795_839_300));
        assert_eq!(seconds("2026-11-28T06:15:00+02:00"), Some(1_795_839_300));
        assert_eq!(seconds("2000-03-01T00:00:00"), Some(951_868_800));
        assert_eq!(seconds("1969-12-31T23:59:59Z"), Some(-1));
        for wrong in ["", "2026-11-28", "04:15:00", "yesterday", "2026-13-01T00:00:00Z"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_moment_is_shown_as_its_date() {
        for date in
            ["1970-01-01", "1999-12-31", "2000-02-29", "2024-02-29", "2024-03-01", "2026-11-28", "2100-03-01"]
        {
            let moment = Timestamp::parse(&format!("{date}T12:00:00Z")).unwrap();
            assert_eq!(moment.to_string(), date);
        }
        assert_eq!(Timestamp(-1).to_string(), "1969-12-31");
        assert_eq!(Timestamp(1_709_251_199).rfc3339(), "2024-02-29T23:59:59Z");
    }
}
