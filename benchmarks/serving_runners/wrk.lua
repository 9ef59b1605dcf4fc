-- Sends the requests of a file, one after the other, and says what came of them as JSON.
-- wrk … -s wrk.lua ADDRESS -- FILE FIRST [count]
-- FILE: whole requests with a NUL after each; FIRST: which comes first, from 0.
-- count: count the answers that are 304, which costs wrk some time.

local threads = {}

function setup(thread)
   table.insert(threads, thread)
end

function init(args)
   local file = assert(io.open(args[1], "rb"))
   requests = {}
   for request in file:read("*a"):gmatch("[^%z]+") do
      requests[#requests + 1] = request
   end
   file:close()
   sent = tonumber(args[2]) - 1 -- wrk asks for one that it only looks at
   not_modified = 0
   if args[3] == "count" then
      response = function(status)
         if status == 304 then
            not_modified = not_modified + 1
         end
      end
   end
end

function request()
   sent = sent + 1
   return requests[(sent - 1) % #requests + 1]
end

function done(summary, latency)
   local errors = summary.errors
   local unmodified = 0
   for _, thread in ipairs(threads) do
      unmodified = unmodified + thread:get("not_modified")
   end
   io.write(string.format(
      '\nwrk: {"answers": %d, "microseconds": %d, "bytes": %d, "not_modified": %d, ',
      summary.requests, summary.duration, summary.bytes, unmodified))
   io.write(string.format(
      '"refused": %d, "broken": %d, "late": %d, "p50_us": %d, "p99_us": %d, "max_us": %d}\n',
      errors.status, errors.connect + errors.read + errors.write, errors.timeout,
      latency:percentile(50), latency:percentile(99), latency.max))
end
