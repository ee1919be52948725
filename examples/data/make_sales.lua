-- Makes sales.csv, the sales of an invented day. Run: lua examples/data/make_sales.lua > examples/data/sales.csv
-- Everything is made up, and the same at each run; some rows are bad on purpose, as a till's export has them.

-- A generator of its own, so that every Lua makes the same file.
local state = 20260321
local function random(n)
  state = (state * 16807) % 2147483647
  return state % n + 1
end

local function pick(list)
  return list[random(#list)]
end

-- Each name with its spelling in e-mail addresses.
local FAMILY = {
  { "Nguyễn", "nguyen" }, { "Trần", "tran" }, { "Lê", "le" }, { "Phạm", "pham" }, { "Huỳnh", "huynh" }, { "Vũ", "vu" },
  { "Đặng", "dang" }, { "Bùi", "bui" }, { "Đỗ", "do" }, { "Hồ", "ho" }, { "Ngô", "ngo" }, { "Dương", "duong" },
}
local GIVEN = {
  female = {
    { "Thị Mai", "mai" }, { "Thị Lan", "lan" }, { "Ngọc Ánh", "anh" }, { "Thuỳ Trang", "trang" }, { "Kim Oanh", "oanh" },
    { "Thanh Hằng", "hang" }, { "Mỹ Duyên", "duyen" }, { "Bích Phượng", "phuong" }, { "Khánh Vy", "vy" }, { "Hồng Nhung", "nhung" },
  },
  male = {
    { "Văn Hùng", "hung" }, { "Quốc Bảo", "bao" }, { "Minh Khôi", "khoi" }, { "Đức Thắng", "thang" }, { "Hữu Nghĩa", "nghia" },
    { "Anh Tuấn", "tuan" }, { "Gia Huy", "huy" }, { "Trọng Tín", "tin" }, { "Hoàng Sơn", "son" }, { "Nhật Trường", "truong" },
  },
  other = { { "An Nhiên", "nhien" }, { "Thiên Ân", "an" }, { "Bình Minh", "minh" } },
}
local GENDERS = { "female", "female", "female", "male", "male", "male", "other", "" }
local STREETS = { "Đường Hoa Sữa", "Đường Bằng Lăng", "Ngõ Trúc Xanh", "Phố Sen Hồng", "Đường Phượng Vĩ" }
local PRODUCTS = {
  { "Hoa hồng", 45000 }, { "Hoa hướng dương", 38000 }, { "Chậu sen đá", 60000 }, { "Hạt giống", 25000 }, { "Bó hoa cưới", 950000 },
}
local NOTES = { "Giao trước 17:00", 'Thiệp ghi "Chúc mừng sinh nhật"', "Gọi trước khi giao,\nnhà có chó", "Khách quen" }

local COLUMNS = { "receipt", "code", "name", "gender", "phone", "email", "address", "product", "amount", "note" }

local function quoted(text)
  if text:find '[,"\n]' then
    return '"' .. text:gsub('"', '""') .. '"'
  end
  return text
end

local function write(row)
  local fields = {}
  for i, column in ipairs(COLUMNS) do
    fields[i] = quoted(tostring(row[column] or ""))
  end
  io.write(table.concat(fields, ","), "\r\n")
end

local receipts, customers = 0, 0

local function sale(row)
  receipts = receipts + 1
  local product = pick(PRODUCTS)
  row.receipt = ("HD-%04d"):format(receipts)
  row.product, row.amount = product[1], product[2] * random(5)
  row.note = random(6) == 1 and pick(NOTES) or nil
  return row
end

local function customer()
  customers = customers + 1
  local gender = pick(GENDERS)
  local family, given = pick(FAMILY), pick(GIVEN[gender] or GIVEN.other)
  return {
    code = ("KH-%d"):format(1000 + customers),
    name = family[1] .. " " .. given[1],
    gender = gender,
    phone = ("09000%05d"):format(10000 + customers),
    email = random(3) > 1 and ("%s.%s%d@%s"):format(given[2], family[2], customers, pick { "example.com", "example.vn" }) or nil,
    address = random(2) == 1 and ("%d %s, Phường %d"):format(random(199), pick(STREETS), random(12)) or nil,
  }
end

-- Rows that stand between the good ones, by the number of good ones before them.
local SPECIAL = {
  -- Customers that the call centre of the sandbox has already.
  [5] = function() write(sale { code = "KH-0002", name = "Phạm Quốc Bảo", gender = "male", phone = "0900000012" }) end,
  [160] = function() write(sale { code = "KH-0005", name = "Hồ An Nhiên", gender = "other", phone = "0900000015" }) end,
  -- Bad rows.
  [17] = function()
    local row = sale(customer())
    row.name = nil
    write(row)
  end,
  [41] = function()
    local row = sale(customer())
    row.phone = "0900 O1O"
    write(row)
  end,
  [66] = function()
    local row = sale(customer())
    row.gender = "femal"
    write(row)
  end,
  [92] = function() -- another code, but the phone number of the first customer
    local row = sale(customer())
    row.phone = "0900010001"
    write(row)
  end,
  [118] = function() -- a till that writes another encoding than UTF-8
    local row = sale(customer())
    row.name = "L\234 Th\254 Hoa"
    write(row)
  end,
  [139] = function()
    local row = sale(customer())
    row.email = "khach hang@example.com"
    write(row)
  end,
  [181] = function() -- the end of the line is lost
    io.write(sale {}.receipt, ",KH-2001,Bùi Thanh Hằng\r\n")
  end,
  [214] = function() -- quotes that are not doubled
    io.write(sale {}.receipt, ',KH-2002,Ngô "Bo" Gia Huy,male,0900019002,,,Hoa hồng,45000,\r\n')
  end,
  [247] = function()
    local row = sale(customer())
    row.phone = nil
    write(row)
  end,
}

io.write(table.concat(COLUMNS, ","), "\r\n")
local regular
for number = 1, 300 do
  if number % 40 == 0 then
    write(sale(regular)) -- somebody comes a second time
  else
    local row = sale(customer())
    regular = number % 40 == 7 and row or regular
    write(row)
  end
  if SPECIAL[number] then
    SPECIAL[number]()
  end
end
