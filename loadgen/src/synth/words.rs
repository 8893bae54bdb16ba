//! The words that fill the slots of a phrase: invented places, people, numbers, times.

use crate::random::Random;

const ROADS: [&str; 36] = [
    "环城南路",
    "环城北路",
    "解放街",
    "人民路",
    "建设路",
    "工农路",
    "文化路",
    "东门街",
    "西门街",
    "南门外",
    "北门桥",
    "河滨路",
    "溪东路",
    "溪西路",
    "桥头路",
    "站前路",
    "学府路",
    "园区大道",
    "工业路",
    "商贸街",
    "永安路",
    "兴业路",
    "庆丰街",
    "穿城中路",
    "花园路",
    "广场路",
    "城隍庙街",
    "新桥路",
    "老街",
    "后山路",
    "盐埠路",
    "酒坊巷",
    "竹行街",
    "下洋路",
    "上坎路",
    "临江路",
];
const VILLAGES: [&str; 24] = [
    "下街村",
    "上街村",
    "东岙村",
    "西岙村",
    "前王村",
    "后王村",
    "溪口村",
    "桥下村",
    "石柱村",
    "大树下村",
    "新庄",
    "塘头村",
    "山前村",
    "杨梅坑",
    "竹坑村",
    "横溪头",
    "湖心村",
    "田市头",
    "枫树岭",
    "白水洋头",
    "里林村",
    "外林村",
    "朱溪滩",
    "双庙口",
];
const MARKS: [&str; 32] = [
    "菜市场",
    "小学门口",
    "农商银行旁边",
    "加油站对面",
    "汽车站",
    "卫生院旁",
    "红绿灯路口",
    "公交站",
    "超市门口",
    "小区东门",
    "小区西门",
    "中学后面",
    "停车场",
    "桥头",
    "老电影院",
    "村委会旁边",
    "工地门口",
    "快递站",
    "宾馆楼下",
    "体育馆",
    "公园门口",
    "厂区宿舍",
    "邮局旁边",
    "农贸市场",
    "幼儿园旁边",
    "网吧楼上",
    "五金店门口",
    "水果店旁",
    "文化礼堂",
    "祠堂前面",
    "变电所旁边",
    "粮站",
];
const PEOPLE: [&str; 30] = [
    "我爸",
    "我妈",
    "我爷爷",
    "我奶奶",
    "我外公",
    "我外婆",
    "我老公",
    "我老婆",
    "我儿子",
    "我女儿",
    "我弟弟",
    "我姐姐",
    "我同事",
    "我室友",
    "我邻居",
    "一个老人",
    "一个小孩",
    "一个年轻人",
    "一个女的",
    "一个男的",
    "一个老太太",
    "一个大爷",
    "我们厂里的工人",
    "我朋友",
    "我婆婆",
    "我岳父",
    "一个学生",
    "隔壁大叔",
    "我亲戚",
    "店里的客人",
];
const TIMES: [&str; 12] = [
    "刚才",
    "十分钟前",
    "半个小时前",
    "今天早上",
    "今天中午",
    "昨天晚上",
    "昨天下午",
    "前天",
    "一个小时前",
    "刚刚",
    "今天下午",
    "凌晨",
];
const NUMBERS: [&str; 8] = ["两", "三", "四", "五", "六", "七", "八", "九"];
const SURNAMES: [&str; 40] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
    "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹",
    "袁", "邓", "许", "傅", "沈", "曾", "彭", "吕",
];
const COLOURS: [&str; 9] = [
    "白色", "黑色", "红色", "灰色", "银色", "蓝色", "黄色", "绿色", "棕色",
];
const CARS: [&str; 12] = [
    "轿车",
    "面包车",
    "小货车",
    "大货车",
    "越野车",
    "出租车",
    "电瓶车",
    "摩托车",
    "三轮车",
    "皮卡",
    "渣土车",
    "商务车",
];
const CLOTHES: [&str; 10] = [
    "外套",
    "羽绒服",
    "衬衫",
    "短袖",
    "校服",
    "工作服",
    "毛衣",
    "背心",
    "雨衣",
    "夹克",
];
const DISHES: [&str; 18] = [
    "炒面",
    "盖浇饭",
    "麻辣烫",
    "黄焖鸡",
    "酸菜鱼",
    "馄饨",
    "烤鱼",
    "奶茶",
    "蛋炒饭",
    "牛肉面",
    "烧烤",
    "炸鸡",
    "小龙虾",
    "米线",
    "煲仔饭",
    "饺子",
    "肉夹馍",
    "水煮肉片",
];
const SHOPS: [&str; 20] = [
    "驾校",
    "理发店",
    "送水站",
    "快递站",
    "燃气公司",
    "宾馆",
    "火锅店",
    "4S店",
    "电信营业厅",
    "中介",
    "幼儿园",
    "修车铺",
    "奶茶店",
    "搬家公司",
    "装修公司",
    "银行",
    "药店",
    "超市",
    "车站",
    "家政公司",
];

/// What callers say first, when it presses and when it does not.
const OPENERS_PRESSING: [&str; 16] = [
    "我姓{姓}",
    "不好了",
    "喂是110吗",
    "我在{标}",
    "喂",
    "喂你好",
    "喂喂",
    "快点",
    "快来",
    "同志",
    "你们快点来",
    "我要报警",
    "哎呀",
    "喂是指挥中心吗",
    "听得到吗",
    "我跟你说",
];
const OPENERS_CALM: [&str; 14] = [
    "你好我姓{姓}",
    "请问一下",
    "喂",
    "喂你好",
    "你好",
    "喂喂",
    "同志",
    "麻烦一下",
    "是这样的",
    "您好",
    "那个",
    "听得到吗",
    "哦",
    "嗯",
];
/// What callers say last, when it presses and when it does not.
const CLOSERS_PRESSING: [&str; 16] = [
    "快点来",
    "麻烦快一点",
    "我在这等",
    "拜托了",
    "多久能到",
    "你们赶紧",
    "求求你们了",
    "等你们过来",
    "有事打我电话",
    "我姓{姓}",
    "我姓{姓}，就这个号码",
    "我在{标}这边等",
    "旁边就是{标}",
    "从{标}那边过来快",
    "我手机尾号{尾}",
    "到了打我电话，尾号{尾}",
];
const CLOSERS_CALM: [&str; 12] = [
    "我姓{姓}",
    "我手机尾号{尾}",
    "回头打给我，尾号{尾}",
    "免贵姓{姓}",
    "谢谢",
    "好的谢谢",
    "就这样",
    "麻烦你们了",
    "辛苦了",
    "谢谢啊同志",
    "好",
    "再见",
];

/// Words that say nothing of the matter, to bring a text to a length.
pub const FILLERS: [&str; 10] = [
    "我就在路口这边等着你们过来",
    "联系就用现在这个号码就行了",
    "你们过来的时候从正门进就能看到",
    "从大路进来看到牌子右转就到了",
    "我是路过这里看到了打电话说一声",
    "不知道有没有别人也打过电话了",
    "我说的你们那边听清楚了没有啊",
    "具体的门牌号我也说不上来",
    "这边导航上面都能搜得到的",
    "麻烦你们记一下我在这边等",
];

/// One word of a list that is never empty.
pub fn of<'a>(list: &[&'a str], random: &mut Random) -> &'a str {
    random.pick(list).copied().unwrap_or_default()
}

/// What a caller says first.
pub fn opener(pressing: bool, random: &mut Random) -> &'static str {
    of(
        if pressing {
            &OPENERS_PRESSING
        } else {
            &OPENERS_CALM
        },
        random,
    )
}

/// What a caller says last.
pub fn closer(pressing: bool, random: &mut Random) -> &'static str {
    of(
        if pressing {
            &CLOSERS_PRESSING
        } else {
            &CLOSERS_CALM
        },
        random,
    )
}

/// Words that say nothing.
pub fn filler(random: &mut Random) -> &'static str {
    of(&FILLERS, random)
}

/// A place as callers name it.
pub fn place(random: &mut Random) -> String {
    match random.below(10) {
        0..=2 => format!("{}{}", of(&ROADS, random), of(&MARKS, random)),
        3..=5 => format!("{}{}号", of(&ROADS, random), random.between(1, 399)),
        6 => format!("{}和{}交叉口", of(&ROADS, random), of(&ROADS, random)),
        7 | 8 => format!("{}{}", of(&VILLAGES, random), of(&MARKS, random)),
        _ => format!("{}{}号", of(&VILLAGES, random), random.between(1, 120)),
    }
}

/// The phrase with its slots filled. An event's callers mean one place, each in their own words around it.
pub fn filled(phrase: &str, place: &str, random: &mut Random) -> String {
    let mut text = String::with_capacity(phrase.len() + 48);
    let mut rest = phrase;
    while let Some((before, after)) = rest.split_once('{') {
        text += before;
        let Some((slot, behind)) = after.split_once('}') else {
            break;
        };
        match slot {
            "处" => text += place,
            "人" => text += of(&PEOPLE, random),
            "数" => text += of(&NUMBERS, random),
            "时" => text += of(&TIMES, random),
            "姓" => text += of(&SURNAMES, random),
            "色" => text += of(&COLOURS, random),
            "车" => text += of(&CARS, random),
            "衣" => text += of(&CLOTHES, random),
            "菜" => text += of(&DISHES, random),
            "店" => text += of(&SHOPS, random),
            "标" => text += of(&MARKS, random),
            "岁" => text += &random.between(4, 88).to_string(),
            "尾" => text += &format!("{:04}", random.below(10_000)),
            unknown => text += unknown,
        }
        rest = behind;
    }
    text + rest
}
