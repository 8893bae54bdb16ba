//! Plans of smaller tiers over the cities of the tests: by district, by circle, by hour, one over the other (L2, H10, R1).

/// What is typed behind a plan. Its districts are of the small city and of the embedded county; its circle lies in the middle of
/// the town of either.
pub const LOCAL_PLANS: &str = r#"
[[local]]
name = "by night"
tier = "county"
from = "20:00"
to = "07:00"
[local.kind.fight]
needs = [{ capability = "patrol", count = 2 }]
[local.kind.theft]
needs = [{ capability = "patrol", count = 2 }]
[local.kind.crash_injury]
needs = [{ capability = "ambulance", count = 2 }]
[local.kind.crash_injury.level.IV]
needs = [{ capability = "rescue", count = 1 }]
[[local]]
name = "the township"
tier = "township"
districts = ["township", "下塘镇", "石井镇", "安和街道"]
[local.kind.fight]
needs = [{ capability = "township_team", count = 1 }]
[local.kind.illness]
needs = [{ capability = "ambulance", count = 1 }, { capability = "township_team", count = 1 }]
[local.kind.structure_fire]
needs = [{ capability = "fire_engine", count = 1 }, { capability = "township_team", count = 1 }]
[local.kind.structure_fire.level.III]
needs = []
[[local]]
name = "the market"
tier = "village"
lat = 28.85
lon = 120.74
datum = "wgs84"
radius_m = 1500
[local.kind.theft]
needs = [{ capability = "patrol", count = 1 }, { capability = "traffic_patrol", count = 1 }]
[local.kind.crash_damage]
needs = []
[[local]]
name = "the market by day"
tier = "village"
districts = ["town", "安和街道"]
lat = 28.85
lon = 120.74
datum = "wgs84"
radius_m = 1500
from = "07:00"
to = "20:00"
[local.kind.fight]
needs = [{ capability = "patrol", count = 3 }]
"#;
