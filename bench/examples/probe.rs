use engine::roads::{conditions::*, metric::*, network::*, position::*, road_map::*, travel::*, *};
use std::sync::Arc;
use std::time::Instant;
fn main() {
    let t = Instant::now();
    let net = bench::auckland().unwrap().unwrap();
    println!(
        "read {:?} nodes {} edges {}",
        t.elapsed(),
        net.nodes.len(),
        net.edges.len()
    );
    let t = Instant::now();
    let turns = turns::Turns::of(&net);
    println!("turns {:?}", t.elapsed());
    let t = Instant::now();
    let order = order::contraction_order(&net, &turns);
    println!("order {:?}", t.elapsed());
    let t = Instant::now();
    let map = Arc::new(RoadMap::new(net, &order).unwrap());
    println!("map {:?}", t.elapsed());
    let h = map.hierarchy();
    println!(
        "mean label {:.1} max {} uppers {}",
        h.label_entries() as f64 / h.len() as f64,
        (0..h.len()).map(|r| h.depth(r)).max().unwrap(),
        h.upper_count()
    );
    for _ in 0..3 {
        let t = Instant::now();
        let m = Metric::new(map.clone(), &Conditions::default());
        println!("metric both {:?} {} MB", t.elapsed(), m.bytes() >> 20);
    }
    let m = Metric::new(map.clone(), &Conditions::default());
    let times = m.profile(Profile::Siren);
    let mut x = 12345u64;
    let mut rnd = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x
    };
    let n = map.network().edges.len() as u64;
    let ps: Vec<Position> = (0..10000)
        .map(|_| Position {
            edge: EdgeIndex((rnd() % n) as u32),
            along: Fraction::new((rnd() & 0xfffff) as u32),
        })
        .collect();
    let ex: Vec<_> = ps.iter().map(|&p| exits(&map, times, p)).collect();
    let mut d = Destination::default();
    let t = Instant::now();
    for p in &ps {
        d.set(&map, times, Profile::Siren, *p);
    }
    println!("dest set {:?}", t.elapsed() / ps.len() as u32);
    let t = Instant::now();
    let mut s = 0u64;
    for p in &ps[..100] {
        d.set(&map, times, Profile::Siren, *p);
        for e in &ex {
            s += d.cost(map.hierarchy(), times, e).unwrap_or(0) as u64;
        }
    }
    println!("pair {:?} sum {s}", t.elapsed() / 1_000_000);
    let t = Instant::now();
    let mut c = 0;
    for p in &ps {
        c += exits(&map, times, *p).iter().count();
    }
    println!("exits {:?} {c}", t.elapsed() / ps.len() as u32);
}
