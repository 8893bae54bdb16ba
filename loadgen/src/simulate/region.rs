//! Several centres at once: who they are, and which call goes to which.
//!
//! A pure table: where a call goes follows from its row alone. A place goes to the centre in whose districts it lies; what no
//! district claims (no place, or nobody's ground), and all calls of generated counties, which lie on one ground, go by the
//! centres' shares: by a cell of some 500 m where there is a place, so that calls about one thing stay together, otherwise by the caller.

use super::county::Ground;
use crate::caller::digest;
use crate::random::Random;
use crate::trace::Row;
use engine::place::Point;
use engine::place::datum::{Datum, to_wgs84};
use gateway::config::{Config, Overrides};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The most centres of one region.
pub const CENTRES_MAX: usize = 500;
/// How large a cell is, in 1e-7 degrees: some 500 m.
const CELL_E7: i32 = 50_000;
/// The share of a centre that states none.
const SHARE: u32 = 1;

/// One centre.
pub struct Member {
    /// What it is called.
    pub name: String,
    /// Its configuration, ready to be played.
    pub ground: Ground,
    /// How much of what no district claims is its own, beside the others' shares.
    share: u32,
    /// Whether its districts claim calls: those of a generated county do not.
    claims: bool,
}

/// Centres that serve one trace.
pub struct Region {
    members: Vec<Member>,
}

/// A region as it is typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    centre: Vec<TypedMember>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedMember {
    name: String,
    config: Option<PathBuf>,
    seed: Option<u64>,
    units: Option<u32>,
    share: Option<u32>,
}

impl Region {
    /// One centre, to which all calls go.
    pub fn alone(ground: Ground) -> Region {
        let only = Member {
            name: String::new(),
            ground,
            share: SHARE,
            claims: false,
        };
        Region {
            members: vec![only],
        }
    }

    /// The region that a file lists; configurations stand beside it.
    ///
    /// # Errors
    /// It cannot be read, or a centre of it cannot be used; says which.
    pub fn read(file: &Path) -> Result<Region, String> {
        let text = std::fs::read_to_string(file);
        let text = text.map_err(|error| format!("{}: {error}", file.display()))?;
        let folder = file.parent().unwrap_or(Path::new(""));
        Region::of_text(&file.display().to_string(), &text, folder)
    }

    fn of_text(name: &str, text: &str, folder: &Path) -> Result<Region, String> {
        let typed: Typed = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(0, |span| {
                1 + text[..span.start.min(text.len())].matches('\n').count()
            });
            format!("{name}:{line}: {}", error.message())
        })?;
        let count = typed.centre.len();
        if count == 0 || count > CENTRES_MAX {
            return Err(format!(
                "{name}: {count} centres; list 1 to {CENTRES_MAX} as [[centre]]"
            ));
        }
        let mut members: Vec<Member> = Vec::with_capacity(count);
        for one in typed.centre {
            if members.iter().any(|known| known.name == one.name) || one.name.is_empty() {
                return Err(format!(
                    "{name}: centre `{}`: give each centre a name of its own",
                    one.name
                ));
            }
            let blamed = one.name.clone();
            let member = one.check(folder);
            members.push(member.map_err(|what| format!("{name}: centre `{blamed}`: {what}"))?);
        }
        if members.iter().all(|member| member.share == 0) {
            return Err(format!(
                "{name}: no centre has a share above 0; calls without a place would go nowhere"
            ));
        }
        Ok(Region { members })
    }

    /// So many generated counties of equal shares, by their seeds from 1.
    ///
    /// # Errors
    /// There are none or too many, or one cannot be generated.
    pub fn generated(count: usize, units: Option<u32>) -> Result<Region, String> {
        if count == 0 || count > CENTRES_MAX {
            return Err(format!("{count} centres; ask for 1 to {CENTRES_MAX}"));
        }
        let members = (1..=count as u64).map(|seed| {
            let member = TypedMember {
                name: format!("county {seed}"),
                config: None,
                seed: Some(seed),
                units,
                share: None,
            };
            member.check(Path::new(""))
        });
        let members = members.collect::<Result<Vec<Member>, String>>()?;
        Ok(Region { members })
    }

    /// The centres, in the order of the file.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The calls of each centre, in the order in which they were.
    pub fn share_out<'r>(&self, rows: &'r [Row]) -> Vec<Vec<&'r Row>> {
        let mut shares: Vec<Vec<&Row>> = self.members.iter().map(|_| Vec::new()).collect();
        for row in rows {
            shares[self.centre_of(row)].push(row);
        }
        shares
    }

    /// The number of the centre that a call goes to.
    pub fn centre_of(&self, row: &Row) -> usize {
        if self.members.len() == 1 {
            return 0;
        }
        let datum = row.datum.unwrap_or(Datum::Wgs84);
        let place = row.lat.zip(row.lon);
        let place = place.and_then(|(lat, lon)| to_wgs84(lat, lon, datum).ok());
        let claimed = place.and_then(|place| self.claimed(place));
        claimed.unwrap_or_else(|| self.by_share(row, place))
    }

    /// The first centre in whose districts a place lies.
    fn claimed(&self, place: Point) -> Option<usize> {
        let mut members = self.members.iter();
        members
            .position(|member| member.claims && member.ground.city().district_at(place).is_some())
    }

    fn by_share(&self, row: &Row, place: Option<Point>) -> usize {
        let thing = match place {
            Some(place) => {
                let cell = |e7: i32| u64::from(e7.div_euclid(CELL_E7) as u32);
                cell(place.lat_e7) << 32 | cell(place.lon_e7)
            }
            None => digest(row.caller.as_deref().unwrap_or(&row.key)),
        };
        let weights = self.members.iter().map(|member| member.share.into());
        let mut random = Random::stream(0, thing);
        random.weighted(weights).unwrap_or(0)
    }
}

impl Member {
    /// The seed of its crews and callers under that of a run: by its name, so that no two centres draw alike. A centre alone, which has no
    /// name, has the run's own.
    pub fn seed(&self, seed: u64) -> u64 {
        match self.name.as_str() {
            "" => seed,
            name => Random::stream(seed, digest(name)).bits(),
        }
    }
}

impl TypedMember {
    fn check(self, folder: &Path) -> Result<Member, String> {
        let usual = Overrides::default();
        let (config, claims) = match (&self.config, self.seed, self.units) {
            (Some(file), None, None) => (Config::load(Some(&folder.join(file)), &usual), true),
            (None, Some(seed), units) => {
                let units = units.map_or(String::new(), |units| format!("units = {units}\n"));
                let text = format!("[city]\nseed = {seed}\n{units}");
                let name = format!("the county of seed {seed}");
                (Config::of_text(&name, &text, folder, &usual), false)
            }
            (Some(_), _, _) | (None, None, _) => {
                return Err(
                    "give it either a `config`, or a `seed` (and perhaps `units`) \
                            of a generated county"
                        .into(),
                );
            }
        };
        let config = config.map_err(|error| error.to_string())?;
        Ok(Member {
            name: self.name,
            ground: Ground::of(config)?,
            share: self.share.unwrap_or(SHARE),
            claims,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::moment::Moment;

    fn row(place: Option<(f64, f64)>, key: &str) -> Row {
        Row {
            lat: place.map(|(lat, _)| lat),
            lon: place.map(|(_, lon)| lon),
            datum: place.map(|_| Datum::Wgs84),
            ..Row::new(Moment(0), key.into(), "110")
        }
    }

    #[test]
    fn districts_claim_their_calls_and_shares_get_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.toml"), "[city]\nseed = 1\n").unwrap();
        let text = "[[centre]]\nname = \"a\"\nconfig = \"a.toml\"\nshare = 0\n\
                    [[centre]]\nname = \"b\"\nseed = 2\nshare = 1\n\
                    [[centre]]\nname = \"c\"\nseed = 3\nunits = 300\nshare = 3\n";
        let region = Region::of_text("r.toml", text, folder.path()).unwrap();
        let inside = region.members()[0].ground.city().posts[0].point;
        let inside = (
            f64::from(inside.lat_e7) / 1e7,
            f64::from(inside.lon_e7) / 1e7,
        );
        assert_eq!(region.centre_of(&row(Some(inside), "k")), 0);
        let rows: Vec<Row> = (0..4_000).map(|key| row(None, &key.to_string())).collect();
        let shares: Vec<usize> = region.share_out(&rows).iter().map(Vec::len).collect();
        assert_eq!(shares[0], 0);
        assert!((2_800..3_200).contains(&shares[2]), "{shares:?}");
        // Nobody's ground: what lies close together goes together, whoever calls.
        let at = |lat, key: &str| region.centre_of(&row(Some((lat, 10.001)), key));
        assert_eq!(at(10.001, "x"), at(10.0012, "y"));
        let far: Vec<usize> = (0..50)
            .map(|step| at(10.0 + f64::from(step), "x"))
            .collect();
        assert!(far.contains(&1) && far.contains(&2) && !far.contains(&0));
    }

    #[test]
    fn centres_beside_each_other_have_seeds_of_their_own() {
        let region = Region::generated(2, None).unwrap();
        let seeds = |seed| region.members().iter().map(move |it| it.seed(seed));
        let all: std::collections::BTreeSet<u64> = seeds(1).chain(seeds(2)).collect();
        assert_eq!(all.len(), 4);
        let config = Config::load(None, &Overrides::default()).unwrap();
        let alone = Region::alone(Ground::of(config).unwrap());
        assert_eq!(alone.members()[0].seed(7), 7);
    }

    #[test]
    fn a_wrong_region_says_what_is_wrong() {
        for (text, part) in [
            (
                "[[centre]]\nname = \"a\"\n",
                "either a `config`, or a `seed`",
            ),
            (
                "[[centre]]\nname = \"a\"\nseed = 1\n[[centre]]\nname = \"a\"\nseed = 2\n",
                "a name of its own",
            ),
            (
                "[[centre]]\nname = \"a\"\nseed = 1\ncolour = 3\n",
                "r.toml:4: unknown field `colour`",
            ),
            ("centre = []\n", "0 centres"),
            ("[[centre]]\nname = \"a\"\nseed = 1\nshare = 0\n", "above 0"),
            (
                "[[centre]]\nname = \"a\"\nconfig = \"none.toml\"\n",
                "centre `a`",
            ),
        ] {
            let error = Region::of_text("r.toml", text, Path::new("/nowhere"));
            let error = error.err().unwrap();
            assert!(error.contains(part), "{error}");
        }
        assert!(Region::generated(0, None).is_err());
    }
}
