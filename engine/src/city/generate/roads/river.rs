//! The river that parts the county, from the hills in the west to those in the east: which bank a place is on.
//!
//! Nothing is drawn of it. It is felt by roads that end at it, and by the few that do not.

use crate::place::projection::Plane;

/// Its course in hundreds of metres from the town, west to east. It keeps clear of every seat; the third township of the east lies
/// on its other bank.
const COURSE: [(i32, i32); 17] = [
    (-330, 8),
    (-280, 4),
    (-215, -24),
    (-150, -1),
    (-88, -28),
    (-40, -14),
    (-16, -1),
    (0, -1),
    (14, -3),
    (42, -8),
    (92, -13),
    (155, -34),
    (190, -10),
    (220, 27),
    (250, 5),
    (284, -21),
    (330, -15),
];

/// Whether a place is on its northern bank.
pub fn is_north(at: Plane) -> bool {
    i64::from(at.y_dm) > course_dm(i64::from(at.x_dm))
}

/// Where it runs at this distance east of the town.
fn course_dm(x_dm: i64) -> i64 {
    let dm = |(x_hm, y_hm): (i32, i32)| (i64::from(x_hm) * 1_000, i64::from(y_hm) * 1_000);
    let x_dm = x_dm.clamp(dm(COURSE[0]).0, dm(COURSE[COURSE.len() - 1]).0);
    let stretch = COURSE.windows(2).find(|pair| x_dm <= dm(pair[1]).0);
    let Some(pair) = stretch else {
        return dm(COURSE[COURSE.len() - 1]).1;
    };
    let ((west, from), (east, to)) = (dm(pair[0]), dm(pair[1]));
    from + (to - from) * (x_dm - west) / (east - west)
}
