/*---
description: Every product of the master file or the till, with a title that a shopper understands.
owner: grocery-data
grain: [item_id]
event_time: null
max_age: null
columns:
  item_id: Product.
  title: What it is, its brand when it is the store's own, and its size.
  category: Shelf that the product stands on.
  tags: Department, then store or national brand.
  price: Always null, the master file has no list price and a price paid would be known too late.
  available: False for what is no product to recommend (fuel, fees, coupons, unnamed things).
  created_at: Always null, the master file does not say.
  text: Title, category and department in one line, for models that read.
  updated_at: Always null, the master file does not say.
checks:
  - not_null: {column: title}
  - not_null: {column: available}
---*/
with sold as (
    select product_id from transactions
    union
    select product_id from products
),

-- Till words that a shopper would not understand; anything else is only put in title case.
words as (
    select raw, readable
    from (
        values
            ('&', '&'), (',', ','), ('AND', 'and'), ('WITH', 'with'), ('OF', 'of'), ('OR', 'or'),
            ('W', 'with'), ('N', 'and'), ('BBQ', 'BBQ'), ('DVD', 'DVD'), ('TV', 'TV'),
            ('SPF', 'SPF'), ('OTC', 'OTC'), ('BTL', 'Bottle'), ('BTR', 'Butter'), ('BKD', 'Baked'),
            ('BEV', 'Beverages'), ('BRD', 'Bread'), ('BR', 'Bread'), ('BRKFST', 'Breakfast'),
            ('BN', 'Beans'), ('BAGGED', 'Bagged'), ('CARB', 'Carbonated'), ('CATFD', 'Cat Food'),
            ('CHICK', 'Chicken'), ('CHIX', 'Chicken'), ('CHOC', 'Chocolate'),
            ('CHOCOCLATE', 'Chocolate'), ('CHOCOL', 'Chocolate'), ('CKYS', 'Cookies'),
            ('CLEANG', 'Cleaning'), ('CND', 'Canned'), ('CNDY', 'Candy'), ('COFF', 'Coffee'),
            ('CONC', 'Concentrate'), ('CRBNTD', 'Carbonated'), ('CRKR', 'Crackers'),
            ('CRMD', 'Creamed'), ('CRYSTL', 'Crystal'), ('DECORS', 'Decorations'),
            ('DECOR', 'Decorations'), ('DEOD', 'Deodorant'), ('DISPOSIBLE', 'Disposable'),
            ('DNR', 'Dinner'), ('DNRS', 'Dinners'), ('DOGFD', 'Dog Food'), ('DRIED', 'Dried'),
            ('DRNK', 'Drinks'), ('DRNKS', 'Drinks'), ('DRNKING', 'Drinking'),
            ('DRNKNG', 'Drinking'), ('DRSNG', 'Dressing'), ('DSH', 'Dishes'), ('FD', 'Food'),
            ('FLVRD', 'Flavored'), ('FLVR', 'Flavor'), ('FRE', 'Fresh'), ('FRSH', 'Fresh'),
            ('FRZ', 'Frozen'), ('FRZN', 'Frozen'), ('GDS', 'Goods'), ('GRND', 'Ground'),
            ('HANDKE', 'Handkerchiefs'), ('HBC', 'Health & Beauty'), ('HYGN', 'Hygiene'),
            ('HYGN.', 'Hygiene'), ('FEM.', 'Feminine'), ('ICE', 'Ice'), ('INGRED', 'Ingredients'),
            ('INSTORE', 'Fresh'), ('JCE', 'Juice'), ('LIQ', 'Liquid'), ('LIQS', 'Liquors'),
            ('MARINAD', 'Marinades'), ('MAY', 'Mayonnaise'), ('MEMORABLILIA', 'Memorabilia'),
            ('MFG', 'Manufacturer'), ('MISC', 'Assorted'), ('MISC.', 'Assorted'),
            ('MISCELLANEOUS', 'Assorted'), ('MIXS', 'Mixes'), ('MLT', 'Multi'), ('MLK', 'Milk'),
            ('MNERAL', 'Mineral'), ('MNRL', 'Mineral'), ('MW', 'Microwave'), ('MX', 'Mix'),
            ('MXS', 'Mixes'), ('NDAIRY', 'Non-Dairy'), ('OJ', 'Orange Juice'), ('PKG', 'Package'),
            ('PKGD', 'Packaged'), ('PKLD', 'Pickled'), ('PLSTC', 'Plastic'), ('PNT', 'Peanut'),
            ('PORTON', 'Portions'), ('PREM', 'Premium'), ('PREP', 'Prepared'),
            ('PREPACK', 'Prepacked'), ('PRPCK', 'Prepacked'), ('PTTY', 'Patties'),
            ('PWDR', 'Powder'), ('PWDRS', 'Powders'), ('REFIGERATED', 'Refrigerated'),
            ('REFRIG', 'Refrigerated'), ('REFRGRATD', 'Refrigerated'), ('REG', 'Regular'),
            ('RTS', 'Ready-to-Serve'), ('RW', 'Random Weight'), ('SAL', 'Salad'),
            ('SALD', 'Salad'), ('SAUS', 'Sausage'), ('SAUCESSALSAPICANTEE', 'Sauces & Salsas'),
            ('SFT', 'Soft'), ('SGL', 'Single'), ('SHERBTS', 'Sherbets'), ('SLC', 'Sliced'),
            ('SNDWCH', 'Sandwich'), ('SNGL', 'Single'), ('SNKS', 'Snacks'), ('SOD', 'Soda'),
            ('SPECILATY', 'Specialty'), ('SPLY', 'Supplies'), ('SPRD', 'Spread'), ('SRV', 'Serve'),
            ('SS', 'Single Serve'), ('STK', 'Stick'), ('SUPPPLIES', 'Supplies'), ('SUP', 'Super'),
            ('SV', 'Serve'), ('SW', 'Sweet'), ('SWEETNERS', 'Sweeteners'), ('SYRP', 'Syrup'),
            ('TISS', 'Tissue'), ('TORT', 'Tortilla'), ('TRSH', 'Trash'), ('VAC', 'Vacuum'),
            ('VEG', 'Vegetable'), ('WATE', 'Water'), ('WHL', 'Whole'), ('WHLSM', 'Wholesome'),
            ('WOMENS', 'Women''s'), ('MENS', 'Men''s'), ('WORCHESTER', 'Worcestershire'),
            ('WT', 'Weight'), ('WTR', 'Water'), ('BG', 'Bags'), ('ALL', 'All'), ('CAN', 'Cans'),
            ('S', 's'), ('OCCAS', 'Occasion'), ('IQF', 'Frozen')
    ) as listed(raw, readable)
),

-- Names seen most that no rule of words makes readable: departments, shelves, product types.
named_names as (
    select raw, readable
    from (
        values
            ('DRUG GM', 'Drugstore & Home'),
            ('MEAT-PCKGD', 'Packaged Meat'),
            ('SEAFOOD-PCKGD', 'Packaged Seafood'),
            ('ICE CREAM/MILK/SHERBTS', 'Ice Cream'),
            ('FLUID MILK PRODUCTS', 'Milk'),
            ('VEGETABLES - SHELF STABLE', 'Canned Vegetables'),
            ('MEAT - SHELF STABLE', 'Canned Meat & Meals'),
            ('FRUIT - SHELF STABLE', 'Canned Fruit'),
            ('SEAFOOD - SHELF STABLE', 'Canned Seafood'),
            ('VEGETABLES - ALL OTHERS', 'Fresh Vegetables'),
            ('VEGETABLES SALAD', 'Salad Vegetables'),
            ('FRZN VEGETABLE/VEG DSH', 'Frozen Vegetables'),
            ('ISOTONIC DRINKS', 'Sports Drinks'),
            ('PEPPERS-ALL', 'Peppers'),
            ('CHOICE BEEF', 'Choice Beef'),
            ('SELECT BEEF', 'Select Beef'),
            ('FLUID MILK WHITE ONLY', 'Milk'),
            ('SOFT DRINKS 12/18&15PK CAN CAR', 'Soft Drinks, 12 to 18 Cans'),
            ('SOFT DRINKS 20PK&24PK CAN CARB', 'Soft Drinks, 20 to 24 Cans'),
            ('SOFT DRINKS 6PK/4PK CAN CARB (', 'Soft Drinks, 4 to 6 Cans'),
            ('SFT DRNK 2 LITER BTL CARB INCL', 'Soft Drink Bottle'),
            ('SFT DRNK SNGL SRV BTL CARB (EX', 'Soft Drink, Single Bottle'),
            ('SFT DRNK MLT-PK BTL CARB (EXCP', 'Soft Drinks, Bottle Multipack'),
            ('YOGURT NOT MULTI-PACKS', 'Yogurt'),
            ('YOGURT MULTI-PACKS', 'Yogurt Multipack'),
            ('MAINSTREAM WHITE BREAD', 'White Bread'),
            ('MAINSTREAM WHEAT/MULTIGRAIN BR', 'Wheat & Multigrain Bread'),
            ('GASOLINE-REG UNLEADED', 'Gasoline'),
            ('BEERALEMALT LIQUORS', 'Beer & Ale'),
            ('SS ECONOMY ENTREES/DINNERS ALL', 'Frozen Value Dinner'),
            ('FRZN SS PREMIUM ENTREES/DNRS/N', 'Frozen Premium Dinner, Light'),
            ('FRZN SS PREMIUM ENTREES/DNRS/T', 'Frozen Premium Dinner'),
            ('FRZN MULTI SERVE ENTREES ALL', 'Frozen Family Dinner'),
            ('FRZN BREAKFAST ENTREES/SANDWIC', 'Frozen Breakfast Sandwich'),
            ('FRZN BREADED PREPARED CHICK', 'Frozen Breaded Chicken'),
            ('FRZN BAGGED VEGETABLES- VALUE', 'Frozen Vegetable Blend'),
            ('FRZN BOXED VEGETABLES- VALUE A', 'Frozen Boxed Vegetable Dish'),
            ('FRZN BAGGED VEGETABLES - PLAIN', 'Frozen Vegetables'),
            ('FRZN BRD STICK/PORTON', 'Frozen Fish Sticks'),
            ('DAIRY CASE 100% PURE JUICE - O', 'Chilled 100% Juice'),
            ('DAIRY CASE JUICE DRNK UNDER 10', 'Chilled Juice Drink'),
            ('DAIRY CASE FRUIT DRINKS (NO JU', 'Chilled Fruit Drink'),
            ('DAIRY CASE TEA WITH SUGAR OR S', 'Chilled Sweet Tea'),
            ('RTS SOUP: CHUNKY/HOMESTYLE ET', 'Ready-to-Serve Soup'),
            ('IWS SINGLE CHEESE', 'Wrapped Cheese Slices'),
            ('NATURAL CHEESE EXACT WT CHUNKS', 'Natural Cheese Chunk'),
            ('NATURAL CHEESE EXACT WT SLICES', 'Natural Cheese Slices'),
            ('CHEESE: NATURAL BULK', 'Deli Cheese, Natural'),
            ('CHEESE: PROCESSED BULK', 'Deli Cheese, American'),
            ('MEAT: TURKEY BULK', 'Deli Turkey'),
            ('MEAT:HAM BULK', 'Deli Ham'),
            ('MEAT: BEEF BULK', 'Deli Beef'),
            ('MEAT: LUNCHMEAT BULK', 'Deli Lunch Meat'),
            ('MEAT: SAUS DRY BULK', 'Deli Salami'),
            ('CHIX: ROTISSERIE (HOT)', 'Hot Rotisserie Chicken'),
            ('SW GDS:DONUTS', 'Donuts'),
            ('SGL SV/VEND MACH SNACKS CHIP/P', 'Single Bag of Chips'),
            ('BUTTER SPRAY CRACKER (RITZ/CLU', 'Butter Crackers'),
            ('CANISTER POTATO/TORT CHIPS', 'Potato Chips, Canister'),
            ('BABY FOOD JUNIOR ALL BRANDS', 'Baby Food, Junior'),
            ('BABY FOOD - BEGINNER', 'Baby Food, Beginner'),
            ('SEMI-SOLID SALAD DRESSING MAY', 'Mayonnaise'),
            ('SALAD MUSTARD', 'Mustard'),
            ('CATSUP', 'Ketchup'),
            ('CONDENSED SOUP', 'Condensed Soup'),
            ('PLSTC CTLRYTBLCLTHSTTHPKSST', 'Plastic Cutlery & Picks'),
            ('FITNESS&DIET - BARS', 'Fitness Bar'),
            ('NON-CRBNTD DRNKING/MNERAL WATE', 'Still Water'),
            ('NON-CARB FLVRD DRNKNG/MNRL WAT', 'Flavored Still Water'),
            ('ISOTONIC DRINKS SINGLE SERVE', 'Sports Drink'),
            ('BREAST - BONELESS(IQF)', 'Frozen Boneless Chicken Breast'),
            ('WINGS (IQF)', 'Frozen Chicken Wings'),
            ('GRND/PATTY - FROZEN', 'Frozen Beef Patties'),
            ('BLENDED JUICE&COMBINATIONS (OV', 'Juice Blend'),
            ('MALTED MLK/SYRUP/PWDRS (EGGNOG', 'Chocolate Syrup & Milk Mix'),
            ('REFRIGERATED COOKIES-CHUB', 'Cookie Dough Roll'),
            ('BEANS GREEN: FS/WHL/CUT', 'Canned Green Beans'),
            ('TOMATOES: STEWED/DICED/CRMD', 'Canned Tomatoes'),
            ('VARIETY BEANS - KIDNEY PINTO', 'Canned Kidney & Pinto Beans'),
            ('PASTA: CANNED', 'Canned Pasta'),
            ('CHILI: CANNED', 'Canned Chili'),
            ('RAMEN NOODLES/RAMEN CUPS', 'Ramen Noodles'),
            ('GARBAGE KITCHEN COMPACTOR BA', 'Trash Bags'),
            ('VAC PAC NUTS(CANS)', 'Canned Nuts'),
            ('MICROWAVABLE CUPS', 'Microwave Meal Cup'),
            ('CARDS EVERYDAY', 'Greeting Card'),
            ('CARDS SEASONAL', 'Holiday Greeting Card')
    ) as listed(raw, readable)
),

-- Types that say how, not what; their shelf is put before them ("Ice Cream: Premium").
vague_types as (
    select raw
    from (
        values
            ('PREMIUM'), ('PRIMAL'), ('PRIMAL CUTS'), ('LEAN'), ('ENHANCED'), ('TRADITIONAL'),
            ('MAINSTREAM'), ('ECONOMY'), ('FRESH'), ('BLENDS'), ('REGULAR GARDEN'),
            ('GARDEN PLUS'), ('PREMIUM - MEAT'), ('ECONOMY - MEAT'), ('SMOKED/COOKED'),
            ('POULTRY'), ('PREMIUM PINTS'), ('SUPER PREMIUM PINTS'), ('BETTER FOR YOU'),
            ('STICKS/ENROBED'), ('ANGUS'), ('MISCELLANEOUS'), ('PATTIES'), ('LINKS - RAW'),
            ('LINKS'), ('ROLLS - PORK'), ('RIBS'), ('BITS & MORSELS'), ('CONES'), ('ENTREES'),
            ('NATURAL'), ('SPECIALTY'), ('ORGANIC'), ('REGULAR'), ('OTHER'), ('BULK'),
            ('SEASONAL'), ('VALUE'), ('LIGHT'), ('FROZEN'), ('EXTERIOR'), ('INTERIOR'),
            ('SEASONAL MISCELLANEOUS'), ('BONELESS'), ('BONE-IN'), ('WHOLE'), ('SLICED'),
            ('KOSHER'), ('STANDARD'), ('ACCESSORIES'), ('DRUMS (IQF)'), ('THIGHS (IQF)')
    ) as listed(raw)
),

names as (
    select product_type as raw from products where product_type is not null
    union
    select product_category from products where product_category is not null
    union
    select department from products where department is not null
),

-- Junk goes: "*", anything from "(" on (cut off by the till), hyphens between long words.
bare_names as (
    select
        raw,
        regexp_replace(
            regexp_replace(raw, '[(].*$|[*]', '', 'g'), '([A-Z]{4,})-([A-Z]{5,})', '\1 , \2'
        ) as bare
    from names
),

-- "A/B/C" becomes "A , B & C", with a blank on both sides of every separator.
spaced_names as (
    select
        raw,
        string_split(
            trim(regexp_replace(
                replace(regexp_replace(bare, '^(.*)/', '\1 & '), '&', ' & '),
                '\s*(/|:|,| - |- )\s*', ' , ', 'g'
            )),
            ' '
        ) as parts
    from bare_names
),

name_words as (
    select raw, unnest(parts) as word, unnest(range(len(parts))) as place
    from spaced_names
),

readable_words as (
    select
        name_words.raw,
        name_words.place,
        coalesce(words.readable, upper(name_words.word[1]) || lower(name_words.word[2:])) as word
    from name_words
    left join words on words.raw = name_words.word
    where name_words.word <> ''
),

spelled_names as (
    select raw, string_agg(word, ' ' order by place) as name
    from readable_words
    group by raw
),

readable_names as (
    select
        spelled_names.raw,
        coalesce(
            named_names.readable,
            trim(regexp_replace(replace(spelled_names.name, ' ,', ','), '( and|&|,)$', ''), ' ,&')
        ) as name
    from spelled_names
    left join named_names on named_names.raw = spelled_names.raw
),

-- Produce sizes are those of the crate ("40 LB" bananas): only what a shopper can carry is kept.
sizes as (
    select
        product_id,
        case
            when department = 'PRODUCE'
                and regexp_matches(package_size, '^(1[1-9]|[2-9][0-9]|[0-9]+-[0-9]+) (LB|CT)') then null
            when regexp_matches(package_size, '[0-9]')
                and not regexp_matches(package_size, '[*]|[0-9]{5}')
                then trim(regexp_replace(
                    regexp_replace(
                        regexp_replace(lower(package_size), '\bga\b', 'gal'), '\bl\b', 'L'
                    ),
                    '[(][^)]*[)]| +', ' ', 'g'
                ))
        end as size
    from products
),

described as (
    select
        products.product_id,
        coalesce(shelf.name, department.name) as category,
        department.name as department,
        products.brand = 'Private' as is_store_brand,
        case
            when products.product_type is null then null
            when vague_types.raw is not null and shelf.name is not null
                then shelf.name || ': ' || kind.name
            else kind.name
        end as kind,
        sizes.size,
        products.department not in (
            'FUEL', 'COUPON', 'CNTRL/STORE SUP', 'PROD-WHS SALES', 'GM MERCH EXP', 'CHARITABLE CONT'
        )
        and coalesce(products.product_category, '') not in (
            'COUPON/MISC ITEMS', 'COUPONS/STORE & MFG', 'COUPON', 'FUEL', 'BOTTLE DEPOSITS',
            'TICKETS', 'PROD SUPPLIES', 'MEAT SUPPLIES'
        )
        and coalesce(products.product_type, 'COUPON') not in (
            'COUPON', 'MISC SALES TRANS', 'TICKETS', 'DONATIONS', 'GASOLINE-REG UNLEADED',
            'PEYTON/GM EXPENSE ITEMS'
        ) as available
    from products
    left join readable_names as kind on kind.raw = products.product_type
    left join readable_names as shelf on shelf.raw = products.product_category
    left join readable_names as department on department.raw = products.department
    left join vague_types on vague_types.raw = products.product_type
    left join sizes on sizes.product_id = products.product_id
),

titled as (
    select
        sold.product_id,
        case
            when described.is_store_brand and described.kind is not null then 'Store brand '
            else ''
        end
        || coalesce(described.kind, 'Product ' || sold.product_id)
        || coalesce(', ' || described.size, '') as title,
        described.category,
        described.department,
        described.is_store_brand,
        coalesce(described.available, false) as available
    from sold
    left join described on described.product_id = sold.product_id
)

select
    cast(product_id as varchar) as item_id,
    title,
    category,
    case
        when department is null then cast([] as varchar[])
        else [department, case when is_store_brand then 'Store brand' else 'National brand' end]
    end as tags,
    cast(null as decimal(18, 4)) as price,
    available,
    cast(null as timestamp) as created_at,
    concat_ws(' | ', title, category, department) as text,
    cast(null as timestamp) as updated_at
from titled
