extension OrderStatus: JSONWritable {}
extension OrderAction: JSONWritable {}
extension OrderActor.Kind: JSONWritable {}
extension RejectReason: JSONWritable {}
extension PaymentState: JSONWritable {}
extension Menu.Status: JSONWritable {}
extension Store.Status: JSONWritable {}
extension Store.Category: JSONWritable {}

extension OrderItem: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("amount", amount)
            json.member("name", name)
            json.member("quantity", quantity)
            json.member("store_menu_id", menuID)
        }
    }
}

extension Order: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("acknowledged_at", acknowledgedAt)
            json.member("address", address)
            json.member("amount", amount)
            json.member("closed_at", closedAt)
            json.member("id", id)
            json.member("items", items)
            json.member("note", note)
            json.member("ordered_at", orderedAt)
            json.member("paid_at", paidAt)
            json.member("prep_minutes", prepMinutes)
            json.member("ready_at", readyAt)
            json.member("reason", reason)
            json.member("reason_note", reasonNote)
            json.member("rider_id", riderID)
            json.member("status", status)
            json.member("status_changed_at", statusChangedAt)
            json.member("store_id", storeID)
            json.member("user_id", customerID)
            json.member("version", version)
        }
    }
}

extension Menu: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("amount", amount)
            json.member("id", id)
            json.member("like_count", likeCount)
            json.member("name", name)
            json.member("sequence", sequence)
            json.member("status", status)
            json.member("store_id", storeID)
            json.member("thumbnail_url", thumbnailURL)
        }
    }
}

extension OrderDetail: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("store_menu_responses", menus)
            json.member("user_order_response", order)
        }
    }
}

extension OrderListEntry: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("payment", payment)
            json.member("store_menu_responses", menus)
            json.member("store_response", store)
            json.member("timeline", timeline)
            json.member("user_order_response", order)
        }
    }
}

extension Store: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("address", address)
            json.member("category", category)
            json.member("id", id)
            json.member("minimum_amount", minimumAmount)
            json.member("minimum_delivery_amount", minimumDeliveryAmount)
            json.member("name", name)
            json.member("phone_number", phoneNumber)
            json.member("star", star)
            json.member("status", status)
            json.member("thumbnail_url", thumbnailURL)
        }
    }
}

extension OrderEvent: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("action", action)
            json.member("actor", actor)
            json.member("at", at)
            json.member("status", status)
            json.member("version", version)
        }
    }
}

extension OrderPayment.View: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("message", message)
            json.member("state", state)
        }
    }
}

extension OrderStatusEvent: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("action", action)
            json.member("actor", actor)
            json.member("changed_at", changedAt)
            json.member("id", id)
            json.member("prep_minutes", prepMinutes)
            json.member("ready_at", readyAt)
            json.member("reason", reason)
            json.member("reason_note", reasonNote)
            json.member("rider_id", riderID)
            json.member("status", status)
            json.member("version", version)
        }
    }
}

extension DeliveryChangedEvent: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("rider_id", riderID)
            json.member("status", status)
        }
    }
}

extension Orders.Acknowledgement: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("acknowledged_at", acknowledgedAt)
            json.member("id", id)
        }
    }
}
