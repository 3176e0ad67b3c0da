extension OrderCompletedMessage: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("completed_at", completedAt)
            json.member("customer_id", customerID)
            json.member("order_id", orderID)
            json.member("tx_id", txID)
            json.member("version", version)
        }
    }
}

extension OrderStatusMessage: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("action", action)
            json.member("actor", actor)
            json.member("address", address)
            json.member("amount", amount)
            json.member("changed_at", changedAt)
            json.member("customer_id", customerID)
            json.member("items", items)
            json.member("order_id", orderID)
            json.member("order_version", orderVersion)
            json.member("ordered_at", orderedAt)
            json.member("paid_at", paidAt)
            json.member("prep_minutes", prepMinutes)
            json.member("ready_at", readyAt)
            json.member("reason", reason)
            json.member("rider_id", riderID)
            json.member("rider_name", riderName)
            json.member("status", status)
            json.member("store_id", storeID)
            json.member("store_name", storeName)
            json.member("tx_id", txID)
            json.member("version", version)
        }
    }
}
