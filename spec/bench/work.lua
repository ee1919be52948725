--- What the clients are made to do: the same few jobs on the same invented bytes.
--
-- `work.files` are the bodies that the server answers with, `work.check` tells
-- whether what a client made of them is right, `work.contact` is what is posted.

local work = {}

work.token = "bench-0f6c1d9e2b7a4c58"
work.authorization = "Bearer " .. work.token
work.user_agent = "frontdesk-bench/1"
work.accept_encoding = "gzip, deflate, br"
work.id = "C-1042"
work.paths = {
  folder = "/api/v2/contact/get/", -- of the contacts
  get = "/api/v2/contact/get/" .. work.id,
  page = "/api/v2/contact/search?page=1&size=50",
  post = "/api/v2/contact/add",
}

-- Each GET of a run is for another contact, as it would be at work, so that
-- nobody gets away with the last URL. All get the same answer.
local ids, asked = {}, 0
for number = 1000, 1999 do
  ids[#ids + 1] = "C-" .. number
end

--- The id to ask for next.
---@return string
function work.next_id()
  asked = asked % #ids + 1
  return ids[asked]
end

-- What a job sends, as the server has it in a file; the others are GETs.
work.sent = { page = "query", post = "contact" }

-- A contact with 16 of the 17 fields that the service takes: avatarUrl is left
-- out for its slashes, which JSON may write in two ways. So every right encoding
-- has the same length, and the server can refuse all others.
local function new_contact(number)
  local name = ("Nguyễn Thị Bích %d"):format(number)
  return {
    refId = ("KH-%06d"):format(number),
    tags = { "Khách quen", "Bánh mì", "Cà phê" },
    business = { "Ẩm thực" },
    categories = { "Bán lẻ", "Sáng sớm" },
    userOwnerEmail = "chu.quan@example.test",
    fullName = name,
    gender = "female",
    passport = ("B%07d"):format(number),
    jobTitle = "Chủ quán",
    address = "Số 12 ngõ Hoa Sữa, phường Gió Mát",
    refCode = ("SO-%d"):format(number),
    refType = "quầy",
    note = "Gọi sau 9 giờ sáng.\nThích \"ít đường\", không đá.",
    phones = {
      { data = "0900000001", type = "personal", valueType = "Cá nhân" },
      { data = "0900000002", type = "office", valueType = "Công ty" },
    },
    emails = { { data = "bich@example.test", type = "home", valueType = "Nhà" } },
    filterContacts = { { id = "phieu-1", index = 2, secondLevelIndex = 1 } },
  }
end

work.contact = new_contact(1042)
work.query = { keyword = "Khoai" }

local ITEM = [[{"public_id":"C-%d","create_by":{"name":"Quầy số %d"},"last_update_by":{"name":"Quầy số %d"},]]
  .. [["created_date":%d,"last_updated_date":%d,"contact_type":"customer","is_deleted":false,"score":%d.%02d,]]
  .. [["tags":["Khách quen","Đợt %d"],"attribute_structure":[%s]}]]

local ATTRIBUTE = [[{"identify":%s,"field_code":"%s","field_type":"%s",]]
  .. [["value":[{"display_value":"%s","data_type":"%s","value_type":"%s"}]}]]

local ATTRIBUTES = {
  { true, "full_name", "single_text", "Trần Văn Khoai %d", "text", "Họ tên" },
  { false, "job_title", "single_text", "Thợ làm bánh", "text", "Nghề" },
  { false, "gender", "radio", "male", "option", "Nam" },
  { true, "phone_number", "phone", "09000000%02d", "personal", "Cá nhân" },
  { true, "mail", "email", "khoai.%d@example.test", "office", "Công ty" },
  { false, "address", "single_text", "Nhà %d, ngõ Hoa Sữa, phường Gió Mát", "text", "Địa chỉ" },
  { false, "note", "multi_text", "Dặn: \\\"không đá\\\"\\nGiao trước %d giờ", "text", "Ghi chú" },
}

local function item(number)
  local attributes = {}
  for i, a in ipairs(ATTRIBUTES) do
    attributes[i] = ATTRIBUTE:format(tostring(a[1]), a[2], a[3], a[4]:format(number), a[5], a[6])
  end
  local created = 1700000000000 + number * 86400123
  return ITEM:format(number, number % 7, number % 3, created, created + 3600000, number % 5, number, number % 12,
    table.concat(attributes, ","))
end

local function page()
  local items = {}
  for number = 1, 50 do
    items[number] = item(number)
  end
  return [[{"status_code":9999,"instance_id":"bench","instance_name":"bench","payload":{"next_page":2,"page_number":1,]]
    .. [["has_previous":false,"has_next":true,"total_pages":20,"previous_page":1,"total_items":1000,"page_size":50,]]
    .. [["items":[]] .. table.concat(items, ",") .. [[]}}]]
end

work.files = {
  get = [[{"status_code":9999,"instance_id":"bench","payload":{"public_id":"C-1042","contact_type":"customer",]]
    .. [["created_date":1700000000000,"is_deleted":false,"full_name":"Lê Thị Quế","tags":["Khách quen","Cà phê"]}}]],
  page = page(),
  post = [[{"status_code":9999,"instance_id":"bench","payload":true}]],
}

-- What is decoded where JSON alone is the job.
work.documents = { decode = work.files.page, answer = work.files.get }

--- A number that stands for a whole decoded value: every name, text, number and
-- boolean in it counts, the order of a table's names does not.
---@param value any
---@return number
function work.digest(value)
  local kind = type(value)
  if kind == "table" then
    local sum = 17
    for key, inner in pairs(value) do
      sum = (sum + work.digest(key) % 1000003 * 31 + work.digest(inner) % 1000003 * 37) % 1000000007
    end
    return sum
  elseif kind == "string" then
    local sum = 7
    for i = 1, #value do
      sum = (sum * 31 + value:byte(i)) % 1000000007
    end
    return sum
  elseif kind == "number" then
    return math.floor(value % 1000003 * 1000 + 0.5) + 3 -- a whole number: sums do not depend on their order
  end
  return value == true and 5 or 11
end

--- Whether what a client gives for a job is right.
---@param job string
---@param value any the decoded `payload`, or the document or text where JSON alone is the job
---@param decode fun(text: string): any another codec than the client's own, where it has one
function work.check(job, value, decode)
  local wanted
  if job == "encode" then
    wanted, value = work.contact, decode(value)
  elseif work.documents[job] then
    wanted = decode(work.documents[job])
  else
    wanted = decode(work.files[job] or work.files.get).payload
  end
  if work.digest(value) ~= work.digest(wanted) then
    error("what came of " .. job .. " is not what it should be", 2)
  end
end

return work
