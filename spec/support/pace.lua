--- How many times longer than usual things may take: 1, and more where every process is looked
-- at closely (run_specs.sh). For specs whose subject is time: delays and bounds alike are
-- multiplied by it, so that what they compare is what it was.
return tonumber(os.getenv "FRONTDESK_PACE") or 1
